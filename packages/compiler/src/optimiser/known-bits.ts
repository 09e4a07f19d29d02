/**
 * Which bits of a value may be one: enough to see that masks, extensions and comparisons change
 * nothing. An answer is never too small; for values of loops it may be all bits.
 */
import { maskOf, swapBytes } from '../ir/arithmetic.ts';
import { resolve, type Value } from '../ir/ir.ts';

export class KnownBits {
  private readonly known = new Map<Value, bigint>();

  /** The bits that may be one. Also the largest number that the value can be is below or equal. */
  possibleOnes(value: Value): bigint {
    const found = resolve(value);
    if (found.operation.op === 'constant') return found.operation.bits;
    return this.known.get(found) ?? maskOf(found.width);
  }

  /** To be called for each value after its operands; phis may come before some of theirs. */
  learn(value: Value): void {
    const ones = this.compute(value) & maskOf(value.width);
    this.known.set(value, ones);
  }

  private compute(value: Value): bigint {
    const { operation, operands, width } = value;
    const [left, right] = operands.map((operand) => this.possibleOnes(operand)) as [bigint, bigint];
    switch (operation.op) {
      case 'load':
        return maskOf(operation.access.size * 8);
      case 'byteSwap':
        return swapBytes(left, operation.bits);
      case 'zeroExtend':
      case 'truncate':
        return left;
      case 'and':
        return left & right;
      case 'or':
      case 'xor':
        return left | right;
      case 'add':
        return filled(left + right);
      case 'mul':
        return filled(left * right);
      case 'shl':
      case 'shr':
      case 'div':
      case 'mod':
        return this.computeByConstant(operation.op, value, left);
      case 'phi':
        return operands.reduce((ones, operand) => ones | this.possibleOnes(operand), 0n);
      default:
        return maskOf(width);
    }
  }

  private computeByConstant(op: 'shl' | 'shr' | 'div' | 'mod', value: Value, left: bigint): bigint {
    const { operation } = resolve(value.operands[1]!);
    const all = maskOf(value.width);
    if (operation.op !== 'constant') return op === 'shl' ? all : filled(left);
    const { bits } = operation;
    const amount = bits & BigInt(value.width - 1);
    if (op === 'shl') return left << amount;
    if (op === 'shr') return left >> amount;
    if (op === 'div') return bits === 0n ? 0n : filled(left / bits);
    return bits === 0n ? left : filled(bits - 1n);
  }
}

/** All bits up to the highest of `value`; more than 64 mean that the sum may wrap. */
function filled(value: bigint): bigint {
  return value === 0n ? 0n : (1n << BigInt(value.toString(2).length)) - 1n;
}
