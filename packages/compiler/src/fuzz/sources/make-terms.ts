/** Random expressions over what is in scope. */
import type { Random } from '../random.ts';
import { mapTerm, packetTerm } from './lookup-terms.ts';
import type { ExpressionMaker } from './makers.ts';
import { type Place, pickPlace, placeTerm, readPlace, typeOfField } from './places.ts';
import type { Run } from './run-state.ts';
import type { Scope } from './scope.ts';
import {
  type ArithmeticSign,
  arithmetic,
  type ComparisonSign,
  type Condition,
  castTo,
  comparison,
  type IntegerType,
  inverted,
  isSigned,
  literal,
  negated,
  type Term,
  widthOf,
  wrap,
} from './terms.ts';
import { BYTES, SQUARES } from './world.ts';

const signs: readonly ArithmeticSign[] = [
  ...(['+', '+', '-', '*', '/', '/', '%', '%', '&', '&', '|', '^'] as const),
  ...(['<<', '>>', '>>>'] as const),
];
const comparisons: readonly ComparisonSign[] = ['===', '!==', '===', '<', '<=', '>', '>='];
const types: readonly IntegerType[] = ['u32', 'u32', 'u64', 's32', 's64'];

/** Where arithmetic goes wrong if it does: limits, masks, powers of two. */
const telling: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 10n, 31n, 32n, 63n, 255n, 256n, 0x800n, 0xff00n, 0xffffn, 0x10000n],
  ...[0x12345678n, 0x7fffffffn, 0x80000000n, 0xffffff00n, 0xffffffffn, 0x100000000n],
  ...[0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffff80000000n, -1n, -2n, -3n, -7n],
];

/** Makes expressions for one place of a program. */
export class TermMaker implements ExpressionMaker {
  constructor(
    readonly random: Random,
    readonly scope: Scope,
  ) {}

  type(): IntegerType {
    return this.random.pick(types);
  }

  /** Of exactly this type. */
  term(type: IntegerType, depth: number): Term {
    return castTo(type, this.loose(type, Math.min(depth, this.scope.depthMax)));
  }

  /** Of exactly this type, and not known when compiling. */
  computed(type: IntegerType, depth: number): Term {
    const term = this.term(type, depth);
    return term.isKnown ? this.leaf(type) : term;
  }

  literal(type: IntegerType): Term {
    const { random } = this;
    const wide = (BigInt(random.bits32()) << 32n) | BigInt(random.bits32());
    return literal(type, random.oneIn(4) ? wide : random.pick(telling));
  }

  /** Below `count`: by a mask where that is a power of two. */
  index(count: number): Term {
    const { random } = this;
    if ((count & (count - 1)) !== 0 || random.oneIn(3)) {
      return literal('u32', BigInt(random.below(count)));
    }
    return arithmetic('&', this.computed('u32', 1), literal('u32', BigInt(count - 1)))!;
  }

  /** A place of an object in scope; `null` where there is none. */
  place(accepts: (place: Place) => boolean = () => true): Place | null {
    const { random, scope } = this;
    for (let tries = 0; tries < 6 && scope.objects.length > 0; tries++) {
      const object = random.pick(scope.objects);
      // The kernel takes no unknown offset into a packet that was checked before.
      const isFixed = object.memory === 'packet';
      const place = pickPlace(random, object, (count) => this.flatIndex(count, isFixed));
      if (place && accepts(place)) return place;
    }
    return null;
  }

  /** As `index`, of variables only. */
  private flatIndex(count: number, isFixed: boolean): Term {
    const { random, scope } = this;
    const known = scope.integers.filter(({ role, type }) => role !== 'counter' && type === 'u32');
    const isPower = (count & (count - 1)) === 0;
    if (isFixed || known.length === 0 || !isPower || random.oneIn(2)) {
      return literal('u32', BigInt(random.below(count)));
    }
    return arithmetic('&', variableTerm(random.pick(known)), literal('u32', BigInt(count - 1)))!;
  }

  /** Something without operands, not known when compiling. */
  leaf(type: IntegerType): Term {
    const { random, scope } = this;
    const fitting = scope.integers.filter((each) => each.type === type && each.role !== 'counter');
    if (fitting.length > 0 && random.oneIn(2)) return variableTerm(random.pick(fitting));
    const place = this.place(({ field }) => typeOfField(field) !== null);
    if (place) return castTo(type, placeTerm(place)!);
    if (scope.integers.length === 0) throw new Error('a scope without integers');
    const others = scope.integers.filter((each) => each.role !== 'counter');
    return castTo(type, variableTerm(random.pick(others)));
  }

  /** Perhaps of another type. */
  private loose(type: IntegerType, depth: number): Term {
    const { random, scope } = this;
    if (depth === 0 || random.oneIn(6)) return this.operandWithout(type);
    switch (random.below(14)) {
      case 0:
        return negated(this.computed(random.oneIn(2) ? type : this.type(), depth - 1));
      case 1:
        return inverted(this.computed(random.oneIn(2) ? type : this.type(), depth - 1));
      case 2:
        return this.computed(this.type(), depth - 1);
      case 3:
        return this.choice(type, depth);
      case 4:
        return this.extreme(type, depth);
      case 5: {
        if (scope.isLocked) return this.operandWithout(type);
        return mapTerm(this, type) ?? this.operandWithout(type);
      }
      case 6: {
        if (scope.isLocked || !scope.hasContext) return this.tableTerm();
        return packetTerm(this, type);
      }
      case 7:
        return this.call(depth) ?? this.tableTerm();
      default:
        return this.binary(type, depth);
    }
  }

  private operandWithout(type: IntegerType): Term {
    const { random, scope } = this;
    const counters = scope.integers.filter((each) => each.role === 'counter');
    if (type === 'u32' && counters.length > 0 && random.oneIn(2)) {
      return variableTerm(random.pick(counters));
    }
    return random.oneIn(4) ? this.literal(type) : this.leaf(type);
  }

  private binary(type: IntegerType, depth: number): Term {
    const { random } = this;
    const sign = random.pick(signs);
    const leftType = random.oneIn(5) ? this.type() : type;
    const left = this.computed(leftType, depth - 1);
    if (sign === '<<' || sign === '>>' || sign === '>>>') {
      const bits = BigInt(random.below(widthOf(left.type)));
      const amount = random.oneIn(2) ? literal('u32', bits) : this.computed('u32', depth - 1);
      return arithmetic(sign, left, amount)!;
    }
    const rightType = random.oneIn(5) ? this.type() : leftType;
    // A literal takes the width of the other side: it is written as one of that type.
    const right = random.oneIn(2) ? this.literal(leftType) : this.computed(rightType, depth - 1);
    return arithmetic(sign, left, right) ?? arithmetic(sign, left, castTo(leftType, right))!;
  }

  /** `T(condition ? a : b)`. */
  private choice(type: IntegerType, depth: number): Term {
    const which = this.condition(depth - 1);
    const [yes, no] = [this.computed(type, depth - 1), this.term(type, depth - 1)];
    return {
      text: `${type}(${which.text} ? ${yes.text} : ${no.text})`,
      type,
      isKnown: false,
      isPlain: false,
      value: (run) => (which.holds(run) ? yes : no).value(run),
    };
  }

  private extreme(type: IntegerType, depth: number): Term {
    const { random } = this;
    const left = this.computed(type, depth - 1);
    const right = random.oneIn(2) ? this.literal(type) : this.computed(type, depth - 1);
    if (random.oneIn(4)) {
      const value = (run: Run): bigint => wrap('u32', left.value(run) * right.value(run));
      const text = `Math.imul(${left.text}, ${right.text})`;
      return { text, type: 'u32', isKnown: false, isPlain: true, value };
    }
    const isMin = random.oneIn(2);
    return {
      text: `${type}(Math.${isMin ? 'min' : 'max'}(${left.text}, ${right.text}))`,
      type,
      isKnown: false,
      isPlain: false,
      value: (run) => {
        const [a, b] = [left.value(run), right.value(run)];
        return a < b === isMin ? a : b;
      },
    };
  }

  /** An element of a table of constants. */
  private tableTerm(): Term {
    const { random } = this;
    const at = arithmetic('&', this.computed('u32', 1), literal('u32', 7n))!;
    const [name, table] = random.pick([
      ['SQUARES', SQUARES],
      ['BYTES', BYTES],
    ] as const);
    const value = (run: Run): bigint => BigInt(table[Number(at.value(run))]!);
    return { text: `${name}[${at.text}]!`, type: 'u32', isKnown: false, isPlain: false, value };
  }

  private call(depth: number): Term | null {
    const { random, scope } = this;
    const callable = scope.functions.filter((each) => scope.hasContext || !each.takesContext);
    if (callable.length === 0 || scope.isLocked) return null;
    const called = random.pick(callable);
    const values = called.parameters.map((type) => this.computed(type, depth - 1));
    const texts = [...(called.takesContext ? ['ctx'] : []), ...values.map(({ text }) => text)];
    return {
      text: `${called.name}(${texts.join(', ')})`,
      type: called.result,
      isKnown: false,
      isPlain: false,
      value: called.call(values),
    };
  }

  /** A condition that is not known when compiling. */
  condition(wanted: number): Condition {
    const { random, scope } = this;
    const depth = Math.min(wanted, scope.depthMax);
    if (depth > 0 && random.oneIn(4)) {
      const [left, right] = [this.condition(depth - 1), this.condition(depth - 1)];
      return random.oneIn(2)
        ? { text: `(${left.text} && ${right.text})`, holds: (r) => left.holds(r) && right.holds(r) }
        : {
            text: `(${left.text} || ${right.text})`,
            holds: (r) => left.holds(r) || right.holds(r),
          };
    }
    if (random.oneIn(6)) {
      const flag = this.flag();
      if (flag) return flag;
    }
    if (random.oneIn(8)) {
      const term = this.computed(random.oneIn(2) ? 'u32' : 's64', depth);
      return { text: `(${term.text} !== 0)`, holds: (run) => term.value(run) !== 0n };
    }
    if (scope.booleans.length > 0 && random.oneIn(6)) {
      const name = random.pick(scope.booleans);
      return { text: `!${name}`, holds: (run) => !run.booleans.get(name) };
    }
    const type = this.type();
    const left = this.computed(type, depth);
    const right = random.oneIn(2)
      ? this.comparedLiteral(type)
      : this.computed(random.oneIn(4) ? this.type() : type, depth);
    const sign = random.pick(comparisons);
    return comparison(sign, left, right) ?? comparison(sign, left, castTo(type, right))!;
  }

  private comparedLiteral(type: IntegerType): Term {
    const made = this.literal(type);
    return isSigned(type) || !made.text.includes('-') ? made : literal(type, 1n);
  }

  private flag(): Condition | null {
    const place = this.place(({ field }) => field.type === 'bool');
    if (!place) return null;
    return { text: place.text, holds: (run) => readPlace(place, run) !== 0n };
  }
}

/** Reading a variable. */
export function variableTerm({
  name,
  type,
  role,
}: {
  name: string;
  type: IntegerType;
  role: string;
}): Term {
  const value = (run: Run): bigint => run.integers.get(name)!;
  return { text: name, type, isKnown: role === 'counter', isPlain: false, value };
}
