/** Arithmetic on numbers that are known. */
import type { Branch } from '../asm/instruction.ts';
import type { ArithmeticOperator } from '../asm/opcodes.ts';
import { fresh, number, scalar, type Value } from './value.ts';

/** A number where both operands are known and the result is plain, any number where not. */
export function constantResult(
  operator: ArithmeticOperator,
  width: 32 | 64,
  left: bigint | undefined,
  right: bigint | undefined,
): Value {
  if (right === undefined) return scalar;
  if (operator === 'mov') return number(BigInt.asUintN(width, right));
  if (left === undefined) return operator === 'and' && right === 0n ? number(0n) : scalar;
  const [a, b] = [BigInt.asUintN(width, left), BigInt.asUintN(width, right)];
  const result = calculate(operator, width, a, b);
  return result === undefined ? scalar : number(BigInt.asUintN(width, result));
}

function calculate(
  operator: ArithmeticOperator,
  width: 32 | 64,
  a: bigint,
  b: bigint,
): bigint | undefined {
  const amount = b % BigInt(width);
  switch (operator) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'shl':
      return a << amount;
    case 'shr':
      return a >> amount;
    case 'sar':
      return BigInt.asIntN(width, a) >> amount;
    case 'div':
      return b === 0n ? 0n : a / b;
    case 'mod':
      return b === 0n ? a : a % b;
    default:
      return undefined;
  }
}

/**
 * What the kernel knows after an operation on a number of which it knows no more than `most`; only
 * where it is certain that it knows that and nothing better.
 */
export function boundedResult(
  operator: ArithmeticOperator,
  width: 32 | 64,
  most: bigint | undefined,
  right: bigint | undefined,
): Value | undefined {
  const isMask = most !== undefined && (most & (most + 1n)) === 0n;
  if (!isMask || right === undefined || width === 32) return undefined;
  if (operator === 'and') return (right & (right + 1n)) === 0n ? fresh(most & right) : undefined;
  return operator === 'shr' && right < 64n ? fresh(most >> right) : undefined;
}

/** Whether a comparison of known numbers holds; `undefined` where one is not known. */
export function holds(
  { comparison, width }: Branch,
  left: bigint | undefined,
  right: bigint | undefined,
): boolean | undefined {
  if (left === undefined || right === undefined) return undefined;
  const isSigned = /^s[gl]/.test(comparison);
  const cut = isSigned ? BigInt.asIntN : BigInt.asUintN;
  const [a, b] = [cut(width, left), cut(width, right)];
  switch (isSigned ? comparison.slice(1) : comparison) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
    default:
      return (a & b) !== 0n;
  }
}

/** Whether a comparison holds of all numbers from 0 to `most`, or of none of them. */
export function holdsForAll(
  { comparison, width }: Branch,
  most: bigint | undefined,
  right: bigint | undefined,
): boolean | undefined {
  if (most === undefined || right === undefined || width === 32) return undefined;
  if (right > most) {
    if (comparison === 'lt' || comparison === 'le' || comparison === 'ne') return true;
    return comparison === 'gt' || comparison === 'ge' || comparison === 'eq' ? false : undefined;
  }
  if (right === most && (comparison === 'gt' || comparison === 'le')) return comparison === 'le';
  if (right === 0n && (comparison === 'lt' || comparison === 'ge')) return comparison === 'ge';
  return undefined;
}

/** Whether a comparison holds of some numbers from 0 to `most` but not of all, in any width. */
export function isWithin(
  { comparison, width }: Branch,
  most: bigint | undefined,
  right: bigint,
): boolean {
  if (most === undefined || comparison === 'set') return false;
  const isSigned = comparison.startsWith('s');
  if ((isSigned && most >= 2n ** 31n) || (width === 32 && most >= 2n ** 32n)) return false;
  if (right > most) return false;
  if (/gt|le/.test(comparison)) return right < most;
  return /lt|ge/.test(comparison) ? right > 0n : most > 0n;
}
