/**
 * `(x & y) !== 0` as one instruction, where a branch at once is all that the masked value is for:
 * the processor can branch on common bits (BPF_JSET).
 */
import type { Branch, Comparison, IrFunction, Value } from '../ir/ir.ts';
import { isFloating } from '../ir/ir.ts';
import type { UseTable } from '../ir/use-table.ts';
import { constantOf } from '../optimiser/rewriter.ts';

/** What a branch instruction compares by; `set` holds where both have a bit in common. */
export type BranchComparison = Comparison | 'set';

/** A branch as an instruction makes it. */
export type Test = Omit<Branch, 'kind' | 'comparison'> & { readonly comparison: BranchComparison };

/** The masked values that need no instruction of their own. */
export function findBitTests({ blocks }: IrFunction, uses: UseTable): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const block of blocks) {
    const end = block.terminator!;
    if (end.kind !== 'branch' || constantOf(end.right) !== 0n) continue;
    if (end.comparison !== 'eq' && end.comparison !== 'ne') continue;
    const { left, width } = end;
    const isMask = left.operation.op === 'and' && left.width === width && left.block === block;
    if (isMask && uses.count(left) === 1 && !isFloating(left.operands[0]!)) found.add(left);
  }
  return found;
}

/** The branch on the bits that both sides of its masked value have. */
export function asBitTest(end: Branch): Test {
  const [left, right] = end.left.operands as [Value, Value];
  const [ifTrue, ifFalse] =
    end.comparison === 'ne' ? [end.ifTrue, end.ifFalse] : [end.ifFalse, end.ifTrue];
  const { width, position } = end;
  return { comparison: 'set', left, right, width, position, ifTrue, ifFalse };
}
