/**
 * Rewrites each value and each branch by local rules, once, in an order in which operands come
 * first. The rules stand in one file for each subject; each gives the value that replaces the one
 * asked for, or `null`.
 */
import { type IrFunction, resolve, type Value } from '../ir/ir.ts';
import { foldAddress, foldPacketPointer } from './addresses.ts';
import { simplifyBinary } from './algebra.ts';
import { simplifyBranch } from './branches.ts';
import { simplifyByteSwap } from './byte-swaps.ts';
import { removeUnreachable, resolveIn, resolveOperands } from './edit.ts';
import type { Passes } from './passes.ts';
import { Rewriter } from './rewriter.ts';
import { narrowStore, simplifyResize } from './widths.ts';

/** Whether anything changed. */
export function simplify(made: IrFunction, passes: Passes): boolean {
  const rewriter = new Rewriter(made, passes);
  for (const block of made.blocks) {
    rewriter.block = block;
    rewriter.output = [];
    const { values } = block;
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      rewriter.position = value.position;
      resolveIn(value.operands);
      const simpler = simplifyValue(value, rewriter);
      if (simpler) {
        value.replacement = simpler;
        rewriter.isChanged = true;
      } else {
        rewriter.output.push(value);
        rewriter.bits.learn(value);
      }
    }
    simplifyBranch(block, rewriter);
    block.values = rewriter.output;
  }
  if (!rewriter.isChanged) return false;
  resolveOperands(made);
  removeUnreachable(made);
  return true;
}

function simplifyValue(value: Value, rewriter: Rewriter): Value | null {
  const { passes } = rewriter;
  const { op } = value.operation;
  switch (op) {
    case 'phi':
      return simplifyPhi(value);
    case 'load':
    case 'store':
    case 'atomicAdd':
    case 'atomicFetch':
      if (passes.addresses) foldAddress(value, rewriter);
      if (passes.fold && op === 'store') narrowStore(value, rewriter);
      return null;
    case 'byteSwap':
      return simplifyByteSwap(value, rewriter);
    case 'zeroExtend':
    case 'signExtend':
    case 'truncate':
    case 'neg':
      return passes.fold ? simplifyResize(value, rewriter) : null;
    case 'context':
    case 'parameter':
    case 'call':
    case 'callSubprogram':
    case 'callKernelFunction':
    case 'turn':
    case 'hidden':
    case 'constant':
    case 'map':
    case 'mapValue':
    case 'slot':
    case 'loadTime':
    case 'function':
    case 'kernelField':
      return null;
    default:
      return (
        (passes.fold ? simplifyBinary(value, op, rewriter) : null) ??
        (passes.addresses ? foldPacketPointer(value, rewriter) : null)
      );
  }
}

/** A phi of one value, and perhaps itself, is that value. */
function simplifyPhi(phi: Value): Value | null {
  let same: Value | null = null;
  const { operands } = phi;
  for (let index = 0; index < operands.length; index++) {
    const operand = operands[index]!;
    if (operand === phi || operand === same) continue;
    if (same && !isEqualConstant(operand, same)) return null;
    same = operand;
  }
  return same;
}

/** Whether both are one value, or equal constants, whatever they were replaced by. */
export function isSameValue(left: Value, right: Value): boolean {
  const [a, b] = [resolve(left), resolve(right)];
  return a === b || isEqualConstant(a, b);
}

/** Two constants of the same bits. */
function isEqualConstant(left: Value, right: Value): boolean {
  const a = left.operation;
  const b = right.operation;
  return (
    a.op === 'constant' && b.op === 'constant' && a.bits === b.bits && left.width === right.width
  );
}
