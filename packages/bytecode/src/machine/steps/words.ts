/**
 * Arithmetic of 32 and of 64 bits on pairs of words, as RFC 9669 section 4 defines it.
 *
 * A 64-bit operation changes the register `d` in place; the operand comes as two signed words.
 */
import type { ArithmeticOperator } from '../../asm/opcodes.ts';

/** The destination's number, then the low and the high word of the operand. */
export type Operation64 = (
  low: Int32Array,
  high: Int32Array,
  d: number,
  operandLow: number,
  operandHigh: number,
) => void;

/** Both operands and the result are signed words; the caller zero-extends. */
export type Operation32 = (left: number, right: number) => number;

/** Shift amounts count modulo 32, as JavaScript's own do; x / 0 = 0 and x % 0 = x. */
export const operations32: Readonly<Record<ArithmeticOperator, Operation32>> = {
  add: (left, right) => (left + right) | 0,
  sub: (left, right) => (left - right) | 0,
  mul: (left, right) => Math.imul(left, right),
  div: (left, right) => (right === 0 ? 0 : ((left >>> 0) / (right >>> 0)) | 0),
  // The one overflow, -2^31 / -1, is 2^31, which wraps to -2^31 as it shall.
  sdiv: (left, right) => (right === 0 ? 0 : (left / right) | 0),
  mod: (left, right) => (right === 0 ? left : ((left >>> 0) % (right >>> 0)) | 0),
  smod: (left, right) => (right === 0 ? left : (left % right) | 0),
  and: (left, right) => left & right,
  or: (left, right) => left | right,
  xor: (left, right) => left ^ right,
  shl: (left, right) => left << right,
  shr: (left, right) => (left >>> right) | 0,
  sar: (left, right) => left >> right,
  mov: (_left, right) => right,
};

/** As `operations32`, of all 64 bits; shift amounts count modulo 64. */
export const operations64: Readonly<Record<ArithmeticOperator, Operation64>> = {
  add(low, high, d, operandLow, operandHigh) {
    const sum = (low[d]! >>> 0) + (operandLow >>> 0);
    low[d] = sum;
    high[d] = high[d]! + operandHigh + (sum > 0xffffffff ? 1 : 0);
  },
  sub(low, high, d, operandLow, operandHigh) {
    const difference = (low[d]! >>> 0) - (operandLow >>> 0);
    low[d] = difference;
    high[d] = high[d]! - operandHigh - (difference < 0 ? 1 : 0);
  },
  mul: multiply,
  div(low, high, d, operandLow, operandHigh) {
    if ((high[d]! | operandHigh) === 0) {
      low[d] = operandLow === 0 ? 0 : (low[d]! >>> 0) / (operandLow >>> 0);
    } else {
      divide(low, high, d, operandLow, operandHigh, (a, b) =>
        b === 0n ? 0n : unsigned(a, b, '/'),
      );
    }
  },
  sdiv(low, high, d, operandLow, operandHigh) {
    divide(low, high, d, operandLow, operandHigh, (a, b) => (b === 0n ? 0n : a / b));
  },
  mod(low, high, d, operandLow, operandHigh) {
    if ((high[d]! | operandHigh) === 0) {
      if (operandLow !== 0) low[d] = (low[d]! >>> 0) % (operandLow >>> 0);
    } else {
      divide(low, high, d, operandLow, operandHigh, (a, b) => (b === 0n ? a : unsigned(a, b, '%')));
    }
  },
  smod(low, high, d, operandLow, operandHigh) {
    divide(low, high, d, operandLow, operandHigh, (a, b) => (b === 0n ? a : a % b));
  },
  and(low, high, d, operandLow, operandHigh) {
    low[d] = low[d]! & operandLow;
    high[d] = high[d]! & operandHigh;
  },
  or(low, high, d, operandLow, operandHigh) {
    low[d] = low[d]! | operandLow;
    high[d] = high[d]! | operandHigh;
  },
  xor(low, high, d, operandLow, operandHigh) {
    low[d] = low[d]! ^ operandLow;
    high[d] = high[d]! ^ operandHigh;
  },
  shl(low, high, d, operandLow) {
    const by = operandLow & 63;
    if (by >= 32) {
      high[d] = low[d]! << (by - 32);
      low[d] = 0;
    } else if (by > 0) {
      high[d] = (high[d]! << by) | (low[d]! >>> (32 - by));
      low[d] = low[d]! << by;
    }
  },
  shr(low, high, d, operandLow) {
    const by = operandLow & 63;
    if (by >= 32) {
      low[d] = high[d]! >>> (by - 32);
      high[d] = 0;
    } else if (by > 0) {
      low[d] = (low[d]! >>> by) | (high[d]! << (32 - by));
      high[d] = high[d]! >>> by;
    }
  },
  sar(low, high, d, operandLow) {
    const by = operandLow & 63;
    if (by >= 32) {
      low[d] = high[d]! >> (by - 32);
      high[d] = high[d]! >> 31;
    } else if (by > 0) {
      low[d] = (low[d]! >>> by) | (high[d]! << (32 - by));
      high[d] = high[d]! >> by;
    }
  },
  mov(low, high, d, operandLow, operandHigh) {
    low[d] = operandLow;
    high[d] = operandHigh;
  },
};

/** By halves of 16 bits, so that no partial product leaves the 53 bits of a number. */
function multiply(
  low: Int32Array,
  high: Int32Array,
  d: number,
  operandLow: number,
  operandHigh: number,
): void {
  const left = low[d]! >>> 0;
  const right = operandLow >>> 0;
  const cross = Math.imul(high[d]!, operandLow) + Math.imul(low[d]!, operandHigh);
  const bottom = (left & 0xffff) * right;
  const top = (left >>> 16) * right;
  const middle = (top % 0x10000) * 0x10000 + bottom;
  low[d] = middle;
  high[d] = Math.floor(top / 0x10000) + Math.floor(middle / 0x1_0000_0000) + cross;
}

type Division = (left: bigint, right: bigint) => bigint;

function divide(
  low: Int32Array,
  high: Int32Array,
  d: number,
  operandLow: number,
  operandHigh: number,
  division: Division,
): void {
  const left = (BigInt(high[d]!) << 32n) | BigInt(low[d]! >>> 0);
  const right = (BigInt(operandHigh) << 32n) | BigInt(operandLow >>> 0);
  const result = division(left, right);
  low[d] = Number(BigInt.asIntN(32, result));
  high[d] = Number(BigInt.asIntN(32, result >> 32n));
}

function unsigned(left: bigint, right: bigint, sign: '/' | '%'): bigint {
  const one = BigInt.asUintN(64, left);
  const other = BigInt.asUintN(64, right);
  return sign === '/' ? one / other : one % other;
}

/** The bytes of a word in reverse order. */
export function reverseWord(word: number): number {
  const outer = (word << 24) | (word >>> 24);
  return outer | ((word << 8) & 0xff0000) | ((word >>> 8) & 0xff00);
}
