/** Arithmetic on numbers that are known. */
import type { Branch } from '../asm/instruction.ts';
import type { ArithmeticOperator } from '../asm/opcodes.ts';
import { number, scalar, type Value } from './value.ts';

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
