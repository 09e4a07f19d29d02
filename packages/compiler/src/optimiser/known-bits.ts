/**
 * Which bits of a value may be one: enough to see that masks, extensions and comparisons change
 * nothing. An answer is never too small; for values of loops it may be all bits.
 *
 * It knows no more than the verifier does. A mask behind `x % 7` seems to change nothing, but of a
 * remainder, a quotient, a swapped, a negated or a variably shifted value the verifier knows
 * nothing at all, not even that its upper half is zero: without the mask it would refuse the packet
 * pointer that is made from it. Neither does it know what a loop of the kernel carries from turn to
 * turn: it goes round until nothing new can happen, with all that was not asked for forgotten.
 */
import { bitLength, maskOf } from '../ir/arithmetic.ts';
import { type Block, type IrFunction, resolve, type Value } from '../ir/ir.ts';

const opaque = new Set<string>(['div', 'mod', 'byteSwap', 'neg', 'hidden']);

/** @source adjust_scalar_min_max_vals and check_alu_op, kernel/bpf/verifier.c */
function isOpaque({ operation, operands }: Value): boolean {
  const isShift = operation.op === 'shl' || operation.op === 'shr' || operation.op === 'sar';
  const isVariable = isShift && resolve(operands[1]!).operation.op !== 'constant';
  return isVariable || opaque.has(operation.op);
}

function isHeadOfKernelLoop({ predecessors, values }: Block): boolean {
  return predecessors.length > 1 && values.some(({ operation }) => operation.op === 'turn');
}

/** Of a product of larger factors the verifier knows nothing. @source scalar32_min_max_mul */
const factorLimit = 0xffffn;

/** What is known of the bits of the values that have been learned. */
export class KnownBits {
  /** By value id; `undefined` for a value that was not learned. */
  private readonly known: (bigint | undefined)[];

  /** Heads of the kernel's loops. */
  private readonly heads: ReadonlySet<Block | null>;

  constructor(made: IrFunction) {
    this.known = new Array<bigint | undefined>(made.valueLimit).fill(undefined);
    this.heads = new Set(made.blocks.filter(isHeadOfKernelLoop));
  }

  /** The bits that may be one. Also the largest number that the value can be is below or equal. */
  possibleOnes(value: Value): bigint {
    const found = resolve(value);
    if (found.operation.op === 'constant') return found.operation.bits;
    return this.known[found.id] ?? maskOf(found.width);
  }

  /** To be called for each value after its operands; phis may come before some of theirs. */
  learn(value: Value): void {
    const isCarried = value.operation.op === 'phi' && this.heads.has(value.block);
    const isUnknown = isCarried || isOpaque(value);
    const ones = isUnknown ? maskOf(64) : this.compute(value) & maskOf(value.width);
    this.known[value.id] = ones;
  }

  private compute(value: Value): bigint {
    const { operation, operands, width } = value;
    const left = operands[0] ? this.possibleOnes(operands[0]) : 0n;
    const right = operands[1] ? this.possibleOnes(operands[1]) : 0n;
    switch (operation.op) {
      case 'load':
        return maskOf(operation.access.size * 8);
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
        return left <= factorLimit && right <= factorLimit ? filled(left * right) : maskOf(width);
      case 'shl':
      case 'shr':
        return computeShift(operation.op, value, left);
      case 'phi':
        return operands.reduce((ones, operand) => ones | this.possibleOnes(operand), 0n);
      default:
        return maskOf(width);
    }
  }
}

function computeShift(op: 'shl' | 'shr', value: Value, left: bigint): bigint {
  const { operation } = resolve(value.operands[1]!);
  if (operation.op !== 'constant') throw new Error(`${op} by a variable is opaque`);
  const amount = operation.bits & BigInt(value.width - 1);
  return op === 'shl' ? left << amount : left >> amount;
}

/** All bits up to the highest of `value`; more than 64 mean that the sum may wrap. */
function filled(value: bigint): bigint {
  return value > maskOf(64) ? maskOf(64) : maskOf(bitLength(value));
}
