/** Random programs: functions, views of the packet, variables, statements, a result. */
import { Random } from '../random.ts';
import { cellFunctions } from './make-map-steps.ts';
import { StepMaker } from './make-steps.ts';
import { TermMaker } from './make-terms.ts';
import { Returned, type Run } from './run-state.ts';
import { type CalledFunction, Names, Scope } from './scope.ts';
import { bodyLines, runAll, type Step } from './step.ts';
import { type IntegerType, type Term, wrap } from './terms.ts';
import { type Cell, Head, Option, PACKET_BYTES, state } from './world.ts';

/** A program with its meaning. */
export interface Source {
  readonly seed: number;
  /** As the kernel and the module call it. */
  readonly name: string;
  /** Its text in a module, with its functions. */
  readonly lines: () => string[];
  /** Runs the body; throws what leaves it early. @returns the result */
  readonly run: (run: Run) => bigint;
  /** Statements, by which it can be shortened. */
  readonly blocks: readonly Step[][];
}

const types: readonly IntegerType[] = ['u32', 'u64', 's32', 's64'];

/** The program of a seed. */
export function makeSource(seed: number, statements = 5): Source {
  const random = new Random(seed);
  const name = `p${seed}`;
  const names = new Names(`${name}_`);
  const scope = new Scope();
  const functions = Array.from({ length: random.below(3) }, () => {
    return makeFunction(random, names, scope.functions);
  });
  const usedLabels = new Set<string>();
  const views = [
    { text: 'head', layout: Head, at: 0 },
    { text: 'next', layout: Head, at: random.pick([4, 40, 48, 33]) },
    { text: 'option', layout: Option, at: random.pick([80, 85, 3]) },
  ];
  for (const { text, layout } of views) scope.objects.push({ text, layout, memory: 'packet' });
  scope.objects.push({ text: 'state', layout: stateLayout, memory: 'map' });
  const initial = types.map((type, index) => {
    const variable = names.next('x');
    const value = castRead(random, scope, type);
    return { variable, type, value, index };
  });
  for (const { variable, type } of initial) {
    scope.integers.push({ name: variable, type, role: 'variable' });
  }
  const flag = names.next('b');
  scope.booleans.push(flag);
  const maker = new StepMaker(random, scope, names, usedLabels);
  const body = maker.block(statements, 3);
  const result = maker.terms.computed('u32', 3);
  const lines = (): string[] => [
    ...functions.flatMap((each) => each.lines()),
    `/** Seed ${seed}. */`,
    `export function ${name}(ctx: XdpContext): XdpAction {`,
    ...views.map(({ text, layout, at }) => {
      return `  const ${text} = ctx.at(${layout === Option ? 'Option' : 'Head'}, ${at});`;
    }),
    '  if (!head || !next || !option) return XdpAction.Aborted;',
    ...initial.map(({ variable, type, value }) => `  let ${variable}: ${type} = ${value.text};`),
    `  let ${flag}: boolean = head.kind > 99;`,
    ...bodyLines(body),
    `  return ${result.text};`,
    '}',
  ];
  const run = (run: Run): bigint => {
    for (const { text, layout, at } of views) {
      run.objects.set(text, run.packet.subarray(at, at + layout.size));
    }
    run.objects.set('state', run.tables.state!.get('00000000')!);
    for (const { variable, value } of initial) run.integers.set(variable, value.value(run));
    run.booleans.set(flag, run.packet[0]! > 99);
    runAll(body, run);
    return result.value(run);
  };
  const blocks = [body, ...functions.map((each) => each.body)];
  return { seed, name, lines, run: (each) => caught(() => run(each), 'u32'), blocks };
}

/** `state` has its fields where a struct would have them. */
const stateLayout = state.value as unknown as typeof Cell;

function castRead(random: Random, scope: Scope, type: IntegerType): Term {
  const terms = new TermMaker(random, scope);
  // Nothing but the packet is in scope yet.
  return terms.leaf(type);
}

function caught(run: () => bigint, type: IntegerType): bigint {
  try {
    return wrap(type, run());
  } catch (thrown) {
    if (thrown instanceof Returned) return wrap(type, thrown.value);
    throw thrown;
  }
}

interface MadeFunction {
  readonly lines: () => string[];
  readonly body: Step[];
}

/** A function of integers: inlined, called, or verified by itself. Adds itself to `known`. */
function makeFunction(random: Random, names: Names, known: CalledFunction[]): MadeFunction {
  const kind = random.pick(['inlined', 'subprogram', 'global'] as const);
  const name = names.next('f');
  const scope = new Scope();
  scope.functions = [...known];
  scope.hasContext = random.oneIn(2);
  scope.canTailCall = false;
  scope.result = random.pick(types);
  const parameters = Array.from({ length: 1 + random.below(3) }, () => {
    return { name: names.next('a'), type: random.pick(types) };
  });
  for (const each of parameters) scope.integers.push({ ...each, role: 'fixed' });
  const locals = types.map((type) => ({ name: names.next('x'), type }));
  const terms = new TermMaker(random, scope);
  const initial = locals.map(({ type }) => terms.computed(type, 1));
  for (const each of locals) scope.integers.push({ ...each, role: 'variable' });
  scope.booleans.push(names.next('b'));
  const flag = scope.booleans[0]!;
  const maker = new StepMaker(random, pureScope(scope), names, new Set());
  const body = [maker.assign(), ...maker.block(random.below(2), 1)];
  const result = maker.terms.computed(scope.result, 2);
  const takesContext = scope.hasContext;
  const list = [
    ...(takesContext ? ['ctx: XdpContext'] : []),
    ...parameters.map((each) => `${each.name}: ${each.type}`),
  ];
  const lines = (): string[] => [
    kind === 'inlined' ? '/** Inlined. */' : `/** @${kind} */`,
    `function ${name}(${list.join(', ')}): ${scope.result} {`,
    ...locals.map((each, index) => `  let ${each.name}: ${each.type} = ${initial[index]!.text};`),
    `  let ${flag}: boolean = ${parameters[0]!.name} > 7;`,
    ...bodyLines(body),
    `  return ${result.text};`,
    '}',
  ];
  const evaluate = (run: Run): bigint => {
    locals.forEach((each, index) => {
      run.integers.set(each.name, initial[index]!.value(run));
    });
    run.booleans.set(flag, run.integers.get(parameters[0]!.name)! > 7n);
    runAll(body, run);
    return result.value(run);
  };
  known.push({
    name,
    parameters: parameters.map(({ type }) => type),
    result: scope.result,
    takesContext,
    call: (values) => (run) => {
      const given = values.map((each) => each.value(run));
      parameters.forEach((each, index) => {
        run.integers.set(each.name, given[index]!);
      });
      return caught(() => evaluate(run), scope.result);
    },
  });
  return { lines, body };
}

/**
 * Functions are called in the middle of expressions, whose parts may be computed in any order: they
 * change nothing but their own variables.
 */
function pureScope(scope: Scope): Scope {
  return scope.inner({ held: ['cells', 'table', 'shares', 'locked'], isPure: true });
}

/** A module of programs. */
export function moduleText(sources: readonly Source[]): string {
  const header = [
    `/** Random programs: packets of ${PACKET_BYTES} bytes. */`,
    'import {',
    '  BYTES, Cell, cells, compareExchange, counts, events, exchange, fetchAdd, fetchAnd, fetchOr,',
    '  fetchXor, finisher, Head, jobs, locked, marks, named, Option,',
    '  Pair, pairs, PORTS, prefixes, programs, s32, s64, shares, slots, SQUARES, state, table,',
    '  u16, u32, u64, u8, UpdateFlag, withLock, XdpAction, type XdpContext,',
    "} from '@skep/compiler/fuzz/world';",
    '',
    ...cellFunctions,
  ];
  return [...header, ...sources.flatMap((each) => each.lines()), ''].join('\n');
}
