/**
 * Where generated code asks how many instructions are left: not in each block, but where a function
 * begins, where a loop turns, and behind a subprogram, which takes its own. There it asks for as
 * many as the longest way to the next such block has.
 */
import { type Block, type FlowGraph, successors } from '../../flow/flow-graph.ts';

/** Blocks that ask, with what must be left at their start. */
export function instructionsNeeded({ blocks }: FlowGraph): ReadonlyMap<Block, number> {
  const asked = new Map<Block, number>();
  const longest = new Map<Block, number>();
  for (const block of [...blocks].reverse()) {
    // Behind an edge that leads back there is a block that asks.
    const after = successors(block)
      .filter((to) => to.index > block.index && !asked.has(to))
      .map((to) => longest.get(to)!);
    const own = block.instructions.length + Math.max(0, ...after);
    longest.set(block, own);
    if (asks(block)) asked.set(block, own);
  }
  return asked;
}

function asks(block: Block): boolean {
  return block.from.length === 0 || block.from.some((from) => isBack(from, block));
}

function isBack(from: Block, to: Block): boolean {
  const { instruction } = from.instructions.at(-1)!;
  const isCall = instruction.kind === 'call' && instruction.target === 'subprogram';
  return from.index >= to.index || isCall;
}
