import type { Block, IrFunction, Value } from '../../ir/ir.ts';

/**
 * Of values of a loop, by block that the loop is left to: those that something behind it uses. What
 * is used only after the loop was entered once more is not: it is computed anew there.
 */
export function findNeeded(
  values: readonly Value[],
  outside: IrFunction['blocks'],
  landings: readonly Block[],
): ReadonlyMap<Block, readonly Value[]> {
  const neededIn = new Map(values.map((value) => [value, new Set<Block>()]));
  for (const block of outside) {
    for (const { operation, operands } of block.values) {
      operands.forEach((operand, index) => {
        const at = operation.op === 'phi' ? block.predecessors[index]! : block;
        neededIn.get(operand)?.add(at);
      });
    }
    const end = block.terminator;
    if (end?.kind === 'return') neededIn.get(end.value)?.add(block);
    if (end?.kind === 'branch') {
      for (const each of [end.left, end.right]) neededIn.get(each)?.add(block);
    }
  }
  const isOutside = new Set(outside);
  for (const blocks of neededIn.values()) {
    for (const block of blocks) {
      if (!isOutside.has(block)) blocks.delete(block);
      else for (const before of block.predecessors) blocks.add(before);
    }
  }
  return new Map(
    landings.map((each) => [each, values.filter((value) => neededIn.get(value)!.has(each))]),
  );
}
