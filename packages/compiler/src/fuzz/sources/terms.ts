/**
 * Integers of random programs: a term is what is written and what it means, on big integers. It
 * shares no arithmetic with the compiler; what is meant stands in packages/ebpf/README.md.
 */
import type { Run } from './run-state.ts';

/** What an expression can be: narrower fields count as u32. */
export type IntegerType = 'u32' | 's32' | 'u64' | 's64';

/** An integer expression. */
export interface Term {
  readonly text: string;
  readonly type: IntegerType;
  /** Known when compiling: two of those never meet, since JavaScript would compute with them. */
  readonly isKnown: boolean;
  /** Of plain type `number` to tsc, which needs no cast to become another width. */
  readonly isPlain: boolean;
  /** The value as its type reads it. */
  readonly value: (run: Run) => bigint;
}

/** A boolean expression. */
export interface Condition {
  readonly text: string;
  readonly holds: (run: Run) => boolean;
}

/** Operators of two integers. */
export type ArithmeticSign =
  | ('+' | '-' | '*' | '/' | '%')
  | ('&' | '|' | '^' | '<<' | '>>' | '>>>');
/** Comparisons of two integers. */
export type ComparisonSign = '===' | '!==' | '<' | '<=' | '>' | '>=';

/** Bits of the type. */
export const widthOf = (type: IntegerType): 32 | 64 => (type.endsWith('64') ? 64 : 32);
/** Whether it has values below 0. */
export const isSigned = (type: IntegerType): boolean => type.startsWith('s');

/** Reduced to the type. */
export function wrap(type: IntegerType, value: bigint): bigint {
  return isSigned(type)
    ? BigInt.asIntN(widthOf(type), value)
    : BigInt.asUintN(widthOf(type), value);
}

const unsigned = (type: IntegerType): IntegerType => (widthOf(type) === 64 ? 'u64' : 'u32');

/**
 * The type in which two meet, `null` where that has to be said by a cast: signed and unsigned of 64
 * bits, where the sign matters.
 */
export function meet(left: IntegerType, right: IntegerType, bySign: boolean): IntegerType | null {
  if (left === right) return left;
  const isWide = widthOf(left) === 64 || widthOf(right) === 64;
  if (isSigned(left) === isSigned(right)) {
    const prefix = isSigned(left) ? 's' : 'u';
    return `${prefix}${isWide ? 64 : 32}`;
  }
  const other = isSigned(left) ? right : left;
  if (other === 'u64') return bySign ? null : 'u64';
  return 's64';
}

/** `left sign right`; `null` where the language wants a cast. */
export function arithmetic(sign: ArithmeticSign, left: Term, right: Term): Term | null {
  const isShift = sign === '<<' || sign === '>>' || sign === '>>>';
  const bySign = sign === '/' || sign === '%';
  const met = isShift ? left.type : meet(left.type, right.type, bySign);
  if (!met) return null;
  const isUnsigned = ['&', '|', '^', '<<', '>>>'].includes(sign);
  const type = isUnsigned ? unsigned(met) : met;
  return {
    text: `(${left.text} ${sign} ${right.text})`,
    type,
    isKnown: false,
    isPlain: true,
    value: (run) => {
      const [a, b] = [left.value(run), right.value(run)];
      return wrap(type, calculate(sign, wrap(met, a), isShift ? b : wrap(met, b), met));
    },
  };
}

function calculate(sign: ArithmeticSign, a: bigint, b: bigint, type: IntegerType): bigint {
  const amount = BigInt.asUintN(64, b) % BigInt(widthOf(type));
  switch (sign) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0n ? 0n : a / b;
    case '%':
      return b === 0n ? a : a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return a << amount;
    case '>>':
      return a >> amount;
    case '>>>':
      return BigInt.asUintN(widthOf(type), a) >> amount;
  }
}

/** `-x`: signed, of 64 bits where `x` is unsigned. */
export function negated(term: Term): Term {
  const type = isSigned(term.type) ? term.type : 's64';
  const value = (run: Run): bigint => wrap(type, -term.value(run));
  return { text: `(-${term.text})`, type, isKnown: false, isPlain: true, value };
}

/** `~x`, unsigned. */
export function inverted(term: Term): Term {
  const type = unsigned(term.type);
  const value = (run: Run): bigint => wrap(type, ~term.value(run));
  return { text: `(~${term.text})`, type, isKnown: false, isPlain: true, value };
}

/** `u64(x)` and its like; the term itself where it is of the type. */
export function castTo(type: IntegerType, term: Term): Term {
  if (term.type === type) return term;
  const value = (run: Run): bigint => wrap(type, term.value(run));
  return { ...term, text: `${type}(${term.text})`, type, isPlain: false, value };
}

/** A number that is written down. */
export function literal(type: IntegerType, bits: bigint): Term {
  const value = wrap(type, bits);
  return { text: literalText(type, value), type, isKnown: true, isPlain: true, value: () => value };
}

function literalText(type: IntegerType, value: bigint): string {
  const isSafe = value >= -(2n ** 53n) + 1n && value < 2n ** 53n;
  const text = isSafe ? `${value}` : `${type}(${value}n)`;
  return value < 0n ? `(${text})` : text;
}

/** `left sign right`; `null` where the language wants a cast. */
export function comparison(sign: ComparisonSign, left: Term, right: Term): Condition | null {
  const type = meet(left.type, right.type, sign !== '===' && sign !== '!==');
  if (!type) return null;
  if (isNeverBelow(sign, left, right) || isNeverBelow(turned[sign], right, left)) sign = '!==';
  return {
    text: comparisonText(sign, left, right),
    holds: (run) => {
      const [a, b] = [wrap(type, left.value(run)), wrap(type, right.value(run))];
      if (sign === '===') return a === b;
      if (sign === '!==') return a !== b;
      if (sign === '<') return a < b;
      if (sign === '<=') return a <= b;
      return sign === '>' ? a > b : a >= b;
    },
  };
}

const turned: Readonly<Record<ComparisonSign, ComparisonSign>> = {
  ...{ '===': '===', '!==': '!==', '<': '>', '<=': '>=', '>': '<', '>=': '<=' },
};

/** Of something unsigned and a written zero, where the language refuses the comparison. */
function isNeverBelow(sign: ComparisonSign, left: Term, right: Term): boolean {
  return right.text === '0' && !isSigned(left.type) && (sign === '<' || sign === '>=');
}

/**
 * `f(x) << g(y > (z))` is no expression to TypeScript: it takes what is between `<` and `> (` for
 * arguments of types.
 */
function comparisonText(sign: ComparisonSign, left: Term, right: Term): string {
  const isTurned = sign === '>' && right.text.startsWith('(');
  return isTurned ? `(${right.text} < ${left.text})` : `(${left.text} ${sign} ${right.text})`;
}
