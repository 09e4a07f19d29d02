import { compare, mirrored } from '../../ir/comparison.ts';
import { type Block, successors, type Value } from '../../ir/ir.ts';

/** The branch that leaves a loop when its turns are used up, at the end of the loop's head. */
export interface Guard {
  readonly turn: Value;
  readonly limit: number;
  readonly leavesWhenTrue: boolean;
  /** Where the loop goes on, and where it is left to. */
  readonly on: Block;
  readonly out: Block;
}

/** The guard that a block ends with; `null` where it ends with something else. */
export function guardOf(block: Block): Guard | null {
  const end = block.terminator;
  if (end?.kind !== 'branch') return null;
  const isSwapped = end.right.operation.op === 'turn';
  const [turn, bound] = isSwapped ? [end.right, end.left] : [end.left, end.right];
  if (turn.operation.op !== 'turn' || turn.block !== block) return null;
  if (bound.operation.op !== 'constant') return null;
  const comparison = isSwapped ? mirrored[end.comparison] : end.comparison;
  const { limit } = turn.operation;
  const leavesWhenTrue = compare(comparison, BigInt(limit), bound.operation.bits, end.width);
  const [ifTrue, ifFalse] = successors(block) as [Block, Block];
  const [out, on] = leavesWhenTrue ? [ifTrue, ifFalse] : [ifFalse, ifTrue];
  return { turn, limit, leavesWhenTrue, on, out };
}
