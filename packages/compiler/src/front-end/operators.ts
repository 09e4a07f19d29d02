/**
 * Integer operators on computed values.
 *
 * u8 and u16 count as u32; two u32 wrap at 32 bits; u32 and u64 give u64; a literal takes the width
 * of the other side. Signed and unsigned of 32 bits meet as s64, which holds both. Bitwise results
 * are unsigned; `>>>` reads its left side as unsigned; division truncates.
 */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { mirrored } from '../ir/comparison.ts';
import type { BinaryOperator, Comparison, Value } from '../ir/ir.ts';
import { fits, joinIntegers, knownInteger, toInteger, widen } from './convert.ts';
import { foldBinary } from './known.ts';
import type { Lowering } from './lowering.ts';
import type { Computed, IntegerType, Result } from './result.ts';
import { computed, known, s64Type, u32Type, u64Type, widthOf } from './result.ts';

const bitwise: ReadonlySet<BinaryOperator> = new Set(['and', 'or', 'xor']);
/** Where the sign of the operands matters. */
const bySign: ReadonlyMap<BinaryOperator | 'compare', string> = new Map([
  ['div', '/'],
  ['mod', '%'],
  ['compare', '<'],
]);

interface Pair {
  readonly left: Computed;
  readonly right: Computed;
  readonly type: IntegerType;
}

/** `left operator right`; known where both sides are. */
export function arithmetic(
  state: Lowering,
  operator: BinaryOperator,
  left: Result,
  right: Result,
  node: ts.Node,
): Result {
  if (left.kind === 'known' && right.kind === 'known') {
    return known(foldBinary(operator, numeric(left.value, node), numeric(right.value, node)));
  }
  if (operator === 'shl' || operator === 'shr' || operator === 'sar') {
    return shift(state, operator, left, right, node);
  }
  const pair = pairOf(state, left, right, operator, node);
  if (pair.type.isSigned && (operator === 'div' || operator === 'mod')) {
    return divideSigned(state, operator, pair);
  }
  const width = widthOf(pair.type);
  const [a, b] = [widen(state, pair.left, width), widen(state, pair.right, width)];
  const type = bitwise.has(operator) ? unsigned(pair.type) : pair.type;
  return computed(state.builder.binary(operator, a, b), type, maxOf(operator, pair));
}

function numeric(value: unknown, node: ts.Node): number | bigint {
  const isFraction = typeof value === 'number' && !Number.isInteger(value);
  return isFraction ? value : knownInteger(value, node);
}

function unsigned(type: IntegerType): IntegerType {
  return type.bits === 64 ? u64Type : u32Type;
}

/** Brings two operands to one type. */
function pairOf(
  state: Lowering,
  left: Result,
  right: Result,
  operator: BinaryOperator | 'compare',
  node: ts.Node,
): Pair {
  if (left.kind === 'known') return withLiteral(state, right, left.value, node, true);
  if (right.kind === 'known') return withLiteral(state, left, right.value, node, false);
  const [a, b] = [toInteger(state, left, node), toInteger(state, right, node)];
  const [from, to] = [integerType(a), integerType(b)];
  const isMixed = from.isSigned !== to.isSigned;
  const wide = isMixed && [from, to].some((each) => each.bits === 64 && !each.isSigned);
  if (wide && bySign.has(operator)) return refuse(node, 'mixedSigns', bySign.get(operator));
  const type = wide ? u64Type : joinIntegers(from, to);
  return { left: a, right: b, type };
}

function withLiteral(
  state: Lowering,
  other: Result,
  literal: unknown,
  node: ts.Node,
  isLeft: boolean,
): Pair {
  const operand = toInteger(state, other, node);
  const own = integerType(operand);
  const value = knownInteger(literal, node);
  if (!fits(value, 64)) return refuse(node, 'outOfRange', value, 'u64');
  const bits = own.bits === 64 || !fits(value, 32) ? 64 : 32;
  const isTooBig = own.isSigned && value >= 1n << BigInt(bits - 1);
  const type: IntegerType = { kind: 'integer', bits: isTooBig ? 64 : bits, isSigned: own.isSigned };
  const max = value >= 0n ? value : undefined;
  const constant = computed(state.builder.constant(value, widthOf(type)), type, max);
  return isLeft
    ? { left: constant, right: operand, type }
    : { left: operand, right: constant, type };
}

function integerType(operand: Computed): IntegerType {
  if (operand.type.kind !== 'integer') return u32Type;
  const { bits, isSigned } = operand.type;
  return bits < 32 ? u32Type : { kind: 'integer', bits, isSigned };
}

/** The largest value that the verifier can derive as well. */
export function maxOfResult(result: Result): bigint | undefined {
  if (result.kind === 'computed') return result.max;
  if (result.kind === 'group' || typeof result.value === 'boolean') return undefined;
  const { value } = result;
  const isCount =
    typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
  return isCount && value >= 0 ? BigInt(value) : undefined;
}

function maxOf(operator: BinaryOperator, { left, right, type }: Pair): bigint | undefined {
  const [a, b] = [left.max, right.max];
  if (operator === 'and') return a === undefined ? b : b === undefined || a < b ? a : b;
  // The verifier knows nothing of a division; by a power of two it becomes a mask or a shift.
  const isPower = right.value.operation.op === 'constant' && isPowerOfTwo(b ?? 0n);
  if (operator === 'mod') return isPower && b !== undefined ? b - 1n : undefined;
  if (a === undefined || b === undefined) return undefined;
  if (operator === 'div') return isPower ? a / b : undefined;
  const result = operator === 'add' ? a + b : operator === 'mul' ? a * b : undefined;
  return result !== undefined && result < 1n << BigInt(widthOf(type)) ? result : undefined;
}

function isPowerOfTwo(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n;
}

function shift(
  state: Lowering,
  operator: 'shl' | 'shr' | 'sar',
  left: Result,
  right: Result,
  node: ts.Node,
): Result {
  const value = toInteger(state, left, node);
  const own = integerType(value);
  const width = widthOf(own);
  const amount = right.kind === 'known' ? knownInteger(right.value, node) : null;
  if (amount !== null && (amount < 0n || amount >= BigInt(width))) {
    return refuse(node, 'shiftTooFar', amount, width);
  }
  const by =
    amount === null
      ? widen(state, toInteger(state, right, node), width)
      : state.builder.constant(amount, width);
  const isArithmetic = operator === 'sar' && own.isSigned;
  const used = operator === 'shl' ? 'shl' : isArithmetic ? 'sar' : 'shr';
  const type = isArithmetic ? own : unsigned(own);
  const shifted = state.builder.binary(used, value.value, by);
  return computed(shifted, type, shiftedMax(used, value.max, amount, width));
}

function shiftedMax(
  operator: BinaryOperator,
  max: bigint | undefined,
  amount: bigint | null,
  width: number,
): bigint | undefined {
  if (amount === null || max === undefined) return undefined;
  if (operator !== 'shl') return max >> amount;
  const shifted = max << amount;
  return shifted < 1n << BigInt(width) ? shifted : undefined;
}

/** The kernel divides unsigned: divides the magnitudes and puts the sign back. */
function divideSigned(state: Lowering, operator: 'div' | 'mod', pair: Pair): Result {
  const { builder } = state;
  const width = widthOf(pair.type);
  const last = builder.constant(width - 1, width);
  const magnitude = (value: Value): [Value, Value] => {
    const sign = builder.binary('sar', value, last);
    return [builder.binary('sub', builder.binary('xor', value, sign), sign), sign];
  };
  const [left, leftSign] = magnitude(widen(state, pair.left, width));
  const [right, rightSign] = magnitude(widen(state, pair.right, width));
  const sign = operator === 'mod' ? leftSign : builder.binary('xor', leftSign, rightSign);
  const result = builder.binary(operator, left, right);
  return computed(builder.binary('sub', builder.binary('xor', result, sign), sign), pair.type);
}

/** `-operand`, signed. */
export function negate(state: Lowering, operand: Result, node: ts.Node): Result {
  if (operand.kind === 'known') {
    const value = numeric(operand.value, node);
    return known(typeof value === 'bigint' ? -value : 0 - value);
  }
  const value = toInteger(state, operand, node);
  const own = integerType(value);
  const type = own.isSigned ? own : s64Type;
  return computed(state.builder.negate(widen(state, value, widthOf(type))), type);
}

/** `~operand`, unsigned. */
export function complement(state: Lowering, operand: Result, node: ts.Node): Result {
  if (operand.kind === 'known') {
    const value = knownInteger(operand.value, node);
    const bits = fits(value, 32) ? 32 : 64;
    const inverted = BigInt.asUintN(bits, ~value);
    return known(bits === 32 ? Number(inverted) : inverted);
  }
  const value = toInteger(state, operand, node);
  const type = unsigned(integerType(value));
  const ones = state.builder.constant(-1, widthOf(type));
  return computed(state.builder.binary('xor', value.value, ones), type);
}

/** Two values of one width, and how they are to be compared. */
export interface ComparedValues {
  readonly comparison: Comparison;
  readonly left: Value;
  readonly right: Value;
  /** Upper bounds of `left` and `right` where known. */
  readonly operands: readonly [Computed, Computed];
}

/** Comparisons before it is known whether they are signed. */
export type PlainComparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** Two integers or booleans, of which at least one is computed. */
export function compareIntegers(
  state: Lowering,
  comparison: PlainComparison,
  left: Result,
  right: Result,
  node: ts.Node,
): ComparedValues {
  refuseNegative(comparison, left, right, node);
  const isOrdered = comparison !== 'eq' && comparison !== 'ne';
  const pair = pairOf(state, left, right, isOrdered ? 'compare' : 'sub', node);
  const width = widthOf(pair.type);
  const [a, b] = [widen(state, pair.left, width), widen(state, pair.right, width)];
  const signed = isOrdered && pair.type.isSigned;
  return {
    comparison: signed ? (`s${comparison}` as Comparison) : comparison,
    left: a,
    right: b,
    operands: [pair.left, pair.right],
  };
}

/** Nothing unsigned is below zero. A zero that has a name may be another number one day. */
function refuseNegative(
  comparison: PlainComparison,
  left: Result,
  right: Result,
  node: ts.Node,
): void {
  const [literal, other] = left.kind === 'known' ? [left, right] : [right, left];
  if (literal.kind !== 'known' || other.kind !== 'computed') return;
  if (other.type.kind !== 'integer' || other.type.isSigned) return;
  const value = knownInteger(literal.value, node);
  const order = literal === right ? comparison : mirrored[comparison];
  const isBelowZero = value === 0n && (order === 'lt' || order === 'ge') && hasNumber(node);
  if (value >= 0n && !isBelowZero) return;
  const words = {
    eq: 'equal to',
    ne: 'equal to',
    lt: 'below',
    le: 'below',
    gt: 'below',
    ge: 'below',
  };
  refuse(node, 'compareNegative', `${words[comparison]} ${value}`);
}

function hasNumber(node: ts.Node): boolean {
  return ts.isBinaryExpression(node) && [node.left, node.right].some(ts.isNumericLiteral);
}
