/** Which constants fit into an instruction. */
import type { Value } from '../ir/ir.ts';

/** Whether 32 bits, sign-extended, are enough. */
export function fitsImmediate(bits: bigint): boolean {
  return bits >= -0x80000000n && bits <= 0x7fffffffn;
}

/**
 * The constant as an instruction's immediate, sign-extended from its width; `null` when it needs
 * more room.
 */
export function immediateOf(value: Value): number | null {
  if (value.operation.op !== 'constant') return null;
  const bits = BigInt.asIntN(value.width, value.operation.bits);
  return fitsImmediate(bits) ? Number(bits) : null;
}

/** A constant amount, below the width: the kernel refuses larger ones, however they come about. */
export function shiftAmountOf(value: Value): number | null {
  if (value.operation.op !== 'constant') return null;
  return Number(value.operation.bits & BigInt(value.width - 1));
}

/** What `storeImmediate` can write for `value`: the low `size` bytes, sign-extended from 4 to 8. */
export function storeImmediateOf(value: Value, size: number): number | null {
  if (value.operation.op !== 'constant') return null;
  const bits = BigInt.asIntN(size * 8, value.operation.bits);
  return fitsImmediate(bits) ? Number(bits) : null;
}

/** Whether `and` with it is the same as a 32-bit move. */
export function isLowMask(value: Value): boolean {
  return (
    value.width === 64 && value.operation.op === 'constant' && value.operation.bits === 0xffffffffn
  );
}
