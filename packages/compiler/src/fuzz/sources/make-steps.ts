/** Random statements. */
import type { Random } from '../random.ts';
import { lockStep, mapStep } from './make-map-steps.ts';
import type { StatementMaker } from './makers.ts';
import { makeLoop } from './make-loops.ts';
import { TermMaker, variableTerm } from './make-terms.ts';
import { copyStep, newStruct, packetBlock } from './make-struct-steps.ts';
import { type Place, placeTerm, readPlace, typeOfField, writePlace } from './places.ts';
import { Left, Returned, type Run, TailCalled } from './run-state.ts';
import type { Names, Scope } from './scope.ts';
import { bodyLines, plainStep, runAll, type Step } from './step.ts';
import {
  type ArithmeticSign,
  arithmetic,
  castTo,
  type IntegerType,
  literal,
  type Term,
  widthOf,
  wrap,
} from './terms.ts';
import { FINISHER_SLOT } from './world.ts';

/** What is written, and what the field then holds. */
const fetches: readonly (readonly [string, (before: bigint, value: bigint) => bigint])[] = [
  ['fetchAdd', (before, value) => before + value],
  ['fetchAnd', (before, value) => before & value],
  ['fetchOr', (before, value) => before | value],
  ['fetchXor', (before, value) => before ^ value],
  ['exchange', (_before, value) => value],
];

/** Makes the statements of one block. */
export class StepMaker implements StatementMaker {
  readonly terms: TermMaker;

  constructor(
    readonly random: Random,
    readonly scope: Scope,
    readonly names: Names,
    /** Labels that a statement names. */
    readonly usedLabels: Set<string>,
  ) {
    this.terms = new TermMaker(random, scope);
  }

  /** A maker for a block in this one. */
  inner(changes: Partial<Scope> = {}): StepMaker {
    return new StepMaker(this.random, this.scope.inner(changes), this.names, this.usedLabels);
  }

  block(count: number, depth: number): Step[] {
    return Array.from({ length: count }, () => this.step(depth));
  }

  step(depth: number): Step {
    const { random, scope } = this;
    const isSimple = depth === 0 || scope.isLocked;
    switch (random.below(isSimple ? 9 : 20)) {
      case 0:
        return this.declare();
      case 1:
      case 2:
      case 3:
        return this.assign();
      case 4:
        return this.assignFlag();
      case 5:
      case 6:
      case 7:
        return this.write() ?? this.assign();
      case 8:
        return this.leave() ?? this.assign();
      case 9:
      case 10:
      case 11:
        return this.choose(depth);
      case 12:
        return this.select(depth);
      case 13:
      case 14:
        return makeLoop(this, depth) ?? this.assign();
      case 15:
      case 16:
      case 17:
        return mapStep(this, depth) ?? this.assign();
      case 18:
        return lockStep(this) ?? this.assign();
      default:
        return this.struct(depth) ?? this.assign();
    }
  }

  private struct(depth: number): Step | null {
    const { random, scope } = this;
    const which = random.below(3);
    if (which === 0) return newStruct(this);
    if (which === 1) return copyStep(this);
    return scope.hasContext && !scope.isPure ? packetBlock(this, depth) : null;
  }

  private declare(): Step {
    const { random, scope, terms } = this;
    const type = terms.type();
    const value = terms.computed(type, 2);
    const name = this.names.next('v');
    scope.integers.push({ name, type, role: 'variable' });
    // A variable without annotation is as wide as its first value.
    // In a loop, where it may depend on itself, tsc wants to be told.
    const mayOmit = scope.labels.length === 0 && !scope.isLocked;
    const isOmitted = random.oneIn(2) && mayOmit && value.text.startsWith(`${type}(`);
    const annotation = isOmitted ? '' : `: ${type}`;
    return plainStep(`let ${name}${annotation} = ${value.text};`, (run) => {
      run.integers.set(name, value.value(run));
    });
  }

  /** A variable that statements may change; there is always one of each type. */
  private target(): { readonly name: string; readonly type: IntegerType } {
    const { random, scope } = this;
    return random.pick(scope.integers.filter(({ role }) => role === 'variable'));
  }

  assign(): Step {
    const { random } = this;
    const { name, type } = this.target();
    if (random.oneIn(8)) {
      const [sign, by] = random.pick([
        ['++', 1n],
        ['--', -1n],
      ] as const);
      const text = random.oneIn(2) ? `${name}${sign};` : `${sign}${name};`;
      return plainStep(text, (run) => {
        run.integers.set(name, wrap(type, run.integers.get(name)! + by));
      });
    }
    const read = variableTerm({ name, type, role: 'variable' });
    const { text, value } = this.change(read);
    return plainStep(`${name} ${text};`, (run) => {
      run.integers.set(name, wrap(type, value(run)));
    });
  }

  /** `= value` or `op= value` for something that reads like the term. */
  private change(target: Term): Pick<Term, 'text' | 'value'> {
    const { random, terms } = this;
    const { type } = target;
    if (random.oneIn(2)) {
      const value = random.oneIn(3) ? terms.computed(terms.type(), 3) : terms.term(type, 3);
      const fits = value.type === type || (value.isPlain && !value.isKnown);
      const cast = fits ? value : castTo(type, value);
      return { text: `= ${cast.text}`, value: cast.value };
    }
    const signs: readonly ArithmeticSign[] = ['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>>'];
    const sign = random.pick(signs);
    const isShift = sign === '<<' || sign === '>>>';
    const amount = literal('u32', BigInt(random.below(widthOf(type))));
    const right = isShift ? amount : terms.term(type, 2);
    const result = arithmetic(sign, target, right)!;
    return { text: `${sign}= ${right.text}`, value: result.value };
  }

  private assignFlag(): Step {
    const { random, scope, terms } = this;
    const place = scope.isLocked ? null : terms.place(({ field }) => field.type === 'bool');
    const value = terms.condition(2);
    if (place && random.oneIn(2)) {
      return plainStep(`${place.text} = ${value.text};`, (run) => {
        writePlace(place, run, value.holds(run) ? 1n : 0n);
      });
    }
    const name = random.pick(scope.booleans);
    return plainStep(`${name} = ${value.text};`, (run) => {
      run.booleans.set(name, value.holds(run));
    });
  }

  /** Writes an integer of a struct. */
  write(): Step | null {
    const { random, terms } = this;
    const place = terms.place(({ field }) => field.type !== 'bool');
    if (!place) return null;
    if (place.field.isAtomic) return this.changeAtomically(place);
    if (random.oneIn(3)) {
      const { text, value } = this.change(placeTerm(place)!);
      if (!text.startsWith('= ')) {
        return plainStep(`${place.text} ${text};`, (run) => writePlace(place, run, value(run)));
      }
    }
    const value = this.fieldValue(place.field);
    return plainStep(`${place.text} = ${value.text};`, (run) => {
      writePlace(place, run, value.value(run));
    });
  }

  private changeAtomically(place: Place): Step {
    const { random, terms } = this;
    if (random.oneIn(2)) return this.fetch(place);
    const type = typeOfField(place.field)!;
    const amount = terms.computed(type, 2);
    return plainStep(`${place.text} += ${amount.text};`, (run) => {
      writePlace(place, run, readPlace(place, run) + amount.value(run));
    });
  }

  /** An atomic change whose result becomes a variable. */
  private fetch(place: Place): Step {
    const { random, scope, terms } = this;
    const type = typeOfField(place.field)!;
    const targets = scope.integers.filter((each) => {
      return each.type === type && each.role === 'variable';
    });
    const { name } = random.pick(targets);
    const operand = (): Term => castTo(type, terms.computed(type, 2));
    const value = operand();
    const isCompared = random.oneIn(4);
    const expected = isCompared ? random.pick([operand(), placeTerm(place)!]) : null;
    const [callee, after] = random.pick(fetches);
    const call = expected
      ? `compareExchange(${place.text}, ${expected.text}, ${value.text})`
      : `${callee}(${place.text}, ${value.text})`;
    return plainStep(`${name} = ${call};`, (run) => {
      const before = wrap(type, readPlace(place, run));
      const isEqual = !expected || wrap(type, expected.value(run)) === before;
      const next = expected ? value.value(run) : after(before, value.value(run));
      if (isEqual) writePlace(place, run, next);
      run.integers.set(name, before);
    });
  }

  /** What can be written to a field: cast to its name, or a number that fits. */
  fieldValue(field: Place['field']): Term {
    const { random, terms } = this;
    const type = typeOfField(field)!;
    if (random.oneIn(4)) {
      const bits = BigInt(random.bits32()) & ((1n << BigInt(field.size * 8 - 1)) - 1n);
      return literal(type, bits);
    }
    const value = terms.computed(random.oneIn(3) ? terms.type() : type, 2);
    if (value.isPlain && random.oneIn(2)) return value;
    return { ...value, text: `${field.type}(${value.text})` };
  }

  private choose(depth: number): Step {
    const { random, terms } = this;
    const which = terms.condition(2);
    const yes = this.inner().block(1 + random.below(3), depth - 1);
    const no = this.inner().block(random.below(3), depth - 1);
    return {
      lines: () => [
        `if (${which.text}) {`,
        ...bodyLines(yes),
        ...(no.length > 0 ? ['} else {', ...bodyLines(no)] : []),
        '}',
      ],
      run: (run) => runAll(which.holds(run) ? yes : no, run),
      blocks: [yes, no],
    };
  }

  /** A switch, whose cases fall through or not. */
  private select(depth: number): Step {
    const { random, terms } = this;
    const mask = random.pick([3n, 7n]);
    const subject = arithmetic('&', terms.computed('u32', 2), literal('u32', mask))!;
    const numbers = [0, 1, 2, 3, 5].filter(() => !random.oneIn(3));
    // Breaks in it would be the switch's own: loops around are named.
    const cases = [...numbers, null].map((number) => ({
      number,
      body: this.inner().block(random.below(2) + 1, depth - 1),
      falls: random.oneIn(3),
    }));
    const lines = (): string[] => [
      `switch (${subject.text}) {`,
      ...cases.flatMap(({ number, body, falls }) => [
        number === null ? '  default: {' : `  case ${number}: {`,
        ...bodyLines(body).map((line) => `  ${line}`),
        ...(falls ? [] : ['    break;']),
        '  }',
      ]),
      '}',
    ];
    const run = (run: Run): void => {
      const value = Number(subject.value(run));
      const exact = cases.findIndex(({ number }) => number === value);
      const start = exact >= 0 ? exact : cases.length - 1;
      for (const { body, falls } of cases.slice(start)) {
        runAll(body, run);
        if (!falls) return;
      }
    };
    return { lines, run, blocks: cases.map(({ body }) => body) };
  }

  /** Leaves a loop, the function or the program, on a condition. */
  private leave(): Step | null {
    const { random, scope, terms } = this;
    if (scope.isLocked) return null;
    const which = terms.condition(1);
    if (scope.labels.length > 0 && !random.oneIn(4)) {
      const label = random.pick(scope.labels);
      const how = random.pick(['break', 'continue'] as const);
      this.usedLabels.add(label);
      return plainStep(`if (${which.text}) ${how} ${label};`, (run) => {
        if (which.holds(run)) throw new Left(label, how);
      });
    }
    if (scope.canTailCall && random.oneIn(3)) return this.tailCall();
    if (!scope.canReturn) return null;
    const value = terms.computed(scope.result, 2);
    return plainStep(`if (${which.text}) return ${value.text};`, (run) => {
      if (which.holds(run)) throw new Returned(value.value(run));
    });
  }

  private tailCall(): Step {
    const index = arithmetic('&', this.terms.computed('u32', 1), literal('u32', 7n))!;
    return plainStep(`programs.tailCall(ctx, ${index.text});`, (run) => {
      if (Number(index.value(run)) === FINISHER_SLOT) throw new TailCalled();
    });
  }
}
