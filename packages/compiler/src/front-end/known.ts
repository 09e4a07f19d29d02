/** Arithmetic on values known when compiling: the kernel's rules, applied to JavaScript values. */
import type { BinaryOperator } from '../ir/ir.ts';

const is32Bit = (value: number | bigint): boolean => value >= -0x80000000 && value <= 0xffffffff;

/**
 * Division truncates, x / 0 = 0, x % 0 = x; bitwise results are unsigned, of 32 bits where both
 * operands are, else of 64. Sums and products that a number cannot hold exactly become big
 * integers.
 */
export function foldBinary(
  operator: BinaryOperator,
  left: number | bigint,
  right: number | bigint,
): number | bigint {
  if (!isWhole(left) || !isWhole(right)) return foldFraction(operator, Number(left), Number(right));
  const [a, b] = [BigInt(left), BigInt(right)];
  const bits = is32Bit(left) && is32Bit(right) ? 32 : 64;
  const amount = b & BigInt((is32Bit(left) ? 32 : 64) - 1);
  const ownBits = is32Bit(left) ? 32 : 64;
  switch (operator) {
    case 'add':
      return compact(a + b);
    case 'sub':
      return compact(a - b);
    case 'mul':
      return compact(a * b);
    case 'div':
      return compact(b === 0n ? 0n : a / b);
    case 'mod':
      return compact(b === 0n ? a : a % b);
    case 'and':
      return compact(BigInt.asUintN(bits, a & b));
    case 'or':
      return compact(BigInt.asUintN(bits, a | b));
    case 'xor':
      return compact(BigInt.asUintN(bits, a ^ b));
    case 'shl':
      return compact(BigInt.asUintN(ownBits, a << amount));
    case 'shr':
      return compact(BigInt.asUintN(ownBits, a) >> amount);
    case 'sar':
      return compact(a >> amount);
  }
}

function isWhole(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function compact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Fractions live only while compiling, for example in `1.5 * 1000`. */
function foldFraction(operator: BinaryOperator, left: number, right: number): number {
  if (operator === 'add') return left + right;
  if (operator === 'sub') return left - right;
  if (operator === 'mul') return left * right;
  if (operator === 'div') return left / right;
  return operator === 'mod' ? left % right : Number.NaN;
}
