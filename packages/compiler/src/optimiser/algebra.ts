/** Rules for the binary operations. */
import { bitLength, evaluate, isCommutative, maskOf } from '../ir/arithmetic.ts';
import type { BinaryOperator, Value } from '../ir/ir.ts';
import { constantOf, type Rewriter, withConstant } from './rewriter.ts';
import { narrowBinary } from './widths.ts';

/** What replaces a binary operation, `null` for nothing. */
export function simplifyBinary(value: Value, op: BinaryOperator, rewriter: Rewriter): Value | null {
  const { width } = value;
  const { operands } = value;
  if (isCommutative(op) && constantOf(operands[0]) !== null && constantOf(operands[1]) === null) {
    operands.reverse();
  }
  const left = operands[0]!;
  const right = operands[1]!;
  const a = constantOf(left);
  const b = constantOf(right);
  if (a !== null && b !== null) return rewriter.constant(evaluate(op, a, b, width), width);
  if (left === right) return simplifySame(value, op, rewriter);
  if (b === null) return narrowBinary(value, op, rewriter);
  return (
    neutral(left, op, b, rewriter) ??
    cheaper(value, left, op, b, rewriter) ??
    combine(value, left, op, b, rewriter) ??
    narrowBinary(value, op, rewriter)
  );
}

/** x op x */
function simplifySame(value: Value, op: BinaryOperator, rewriter: Rewriter): Value | null {
  if (op === 'and' || op === 'or') return value.operands[0]!;
  return op === 'sub' || op === 'xor' ? rewriter.constant(0, value.width) : null;
}

/** Operations with a constant that change nothing, or of which nothing remains. */
function neutral(left: Value, op: BinaryOperator, bits: bigint, rewriter: Rewriter): Value | null {
  const { width } = left;
  const ones = rewriter.bits.possibleOnes(left);
  const isShift = op === 'shl' || op === 'shr' || op === 'sar';
  const amount = isShift ? bits & BigInt(width - 1) : bits;
  if (amount === 0n) {
    if (op === 'mul' || op === 'and' || op === 'div') return rewriter.constant(0, width);
    return left;
  }
  if (bits === 1n && (op === 'mul' || op === 'div')) return left;
  if (bits === 1n && op === 'mod') return rewriter.constant(0, width);
  if (op === 'and' && (ones & ~bits) === 0n) return left;
  if (op === 'and' && (ones & bits) === 0n) return rewriter.constant(0, width);
  if (op === 'or' && bits === maskOf(width)) return rewriter.constant(bits, width);
  if (op === 'shr' && ones >> amount === 0n) return rewriter.constant(0, width);
  if (op === 'div' && ones < bits) return rewriter.constant(0, width);
  if (op === 'mod' && ones < bits) return left;
  return null;
}

/** Operations that a cheaper one computes too. */
function cheaper(
  value: Value,
  left: Value,
  op: BinaryOperator,
  bits: bigint,
  rewriter: Rewriter,
): Value | null {
  const { width } = value;
  const make = (other: BinaryOperator, constant: bigint): Value =>
    rewriter.make({ op: other }, [left, rewriter.constant(constant, width)], width);
  if (op === 'sub') return make('add', -bits);
  const isPowerOfTwo = (bits & (bits - 1n)) === 0n;
  if (!isPowerOfTwo) return null;
  const exponent = BigInt(bitLength(bits) - 1);
  if (op === 'mul') return make('shl', exponent);
  if (op === 'div') return make('shr', exponent);
  return op === 'mod' ? make('and', bits - 1n) : null;
}

/** (x op' d) op c */
function combine(
  value: Value,
  left: Value,
  op: BinaryOperator,
  bits: bigint,
  rewriter: Rewriter,
): Value | null {
  const { width } = value;
  const make = (other: BinaryOperator, inner: Value, constant: bigint): Value =>
    rewriter.make({ op: other }, [inner, rewriter.constant(constant, width)], width);
  const same = withConstant(left, op);
  if (same && isCommutative(op)) {
    return make(op, same.left, evaluate(op, same.bits, bits, width));
  }
  if (same && (op === 'shl' || op === 'shr')) {
    const amount = (same.bits & BigInt(width - 1)) + (bits & BigInt(width - 1));
    return amount < width ? make(op, same.left, amount) : rewriter.constant(0, width);
  }
  const shifted = op === 'shr' ? withConstant(left, 'shl') : null;
  if (shifted && shifted.bits === bits && bits < BigInt(width)) {
    return make('and', shifted.left, maskOf(width) >> bits);
  }
  return op === 'and' ? maskSides(value, left, bits, rewriter) : null;
}

/** (x or y) and c, (x xor y) and c: a side without a bit of the mask does not matter. */
function maskSides(value: Value, left: Value, bits: bigint, rewriter: Rewriter): Value | null {
  const { op } = left.operation;
  if (op !== 'or' && op !== 'xor') return null;
  const [first, second] = left.operands as [Value, Value];
  const matters = (side: Value): boolean => (rewriter.bits.possibleOnes(side) & bits) !== 0n;
  const kept = !matters(second) ? first : !matters(first) ? second : null;
  if (!kept) return null;
  const mask = rewriter.constant(bits, value.width);
  return rewriter.make({ op: 'and' }, [kept, mask], value.width);
}
