/** What the operations of the IR compute. */
import type { BinaryOperator, Width } from './ir.ts';

const commutative = new Set<string>(['add', 'mul', 'and', 'or', 'xor']);

/** Whether the sides may be exchanged. */
export function isCommutative(op: string): boolean {
  return commutative.has(op);
}

const binary = new Set<string>([...commutative, 'sub', 'div', 'mod', 'shl', 'shr', 'sar']);

/** Whether the operation has a left and a right side. */
export function isBinary(op: string): op is BinaryOperator {
  return binary.has(op);
}

/** The numbers below 2 ** n, by n: made once, because a mask is asked for at every value. */
const masks = Array.from({ length: 65 }, (_, bits) => (1n << BigInt(bits)) - 1n);

/** All bits of the width, which is at most 64. */
export function maskOf(bits: number): bigint {
  return masks[bits]!;
}

/** How many bits it takes to write `value`, which is below 2 ** 64: 0 for 0. */
export function bitLength(value: bigint): number {
  const low = 32 - Math.clz32(Number(value & 0xffff_ffffn));
  if (value <= 0xffff_ffffn) return low;
  return 64 - Math.clz32(Number(value >> 32n));
}

/** The result reduced to the width; division by zero gives 0, its remainder the left side. */
export function evaluate(op: BinaryOperator, left: bigint, right: bigint, width: Width): bigint {
  return BigInt.asUintN(width, evaluateWide(op, left, right, width));
}

function evaluateWide(op: BinaryOperator, left: bigint, right: bigint, width: Width): bigint {
  const amount = right & BigInt(width - 1);
  switch (op) {
    case 'add':
      return left + right;
    case 'sub':
      return left - right;
    case 'mul':
      return left * right;
    case 'div':
      return right === 0n ? 0n : left / right;
    case 'mod':
      return right === 0n ? left : left % right;
    case 'and':
      return left & right;
    case 'or':
      return left | right;
    case 'xor':
      return left ^ right;
    case 'shl':
      return left << amount;
    case 'shr':
      return left >> amount;
    case 'sar':
      return BigInt.asIntN(width, left) >> amount;
  }
}

/** The low `bits` of `value`, their bytes in reverse. */
export function swapBytes(value: bigint, bits: 16 | 32 | 64): bigint {
  let swapped = 0n;
  for (let at = 0; at < bits; at += 8) swapped = (swapped << 8n) | ((value >> BigInt(at)) & 0xffn);
  return swapped;
}
