/**
 * The order of blocks in memory, and the jumps that it saves.
 */
import { reversePostorder } from '../ir/depth-first.ts';
import { negated } from '../ir/comparison.ts';
import type { Block, IrFunction } from '../ir/ir.ts';
import type { MachineBlock, MachineInstruction } from './machine.ts';

/** A block that only returns a constant: an early way out, kept off the straight path. */
function isCold(block: Block): boolean {
  const end = block.terminator;
  return (
    block.values.length === 0 && end?.kind === 'return' && end.value.operation.op === 'constant'
  );
}

/** Reverse postorder, loops together, cold returns last. */
export function orderBlocks(made: IrFunction): Block[] {
  const order = reversePostorder(made, isFalseDeeper);
  const [entry] = order;
  const isLast = (block: Block): boolean => block !== entry && isCold(block);
  return [...order.filter((block) => !isLast(block)), ...order.filter(isLast)];
}

/** Whether the false side of a branch leads into a deeper loop than the true one. */
function isFalseDeeper({ terminator: end }: Block): boolean {
  return end?.kind === 'branch' && end.ifFalse.loopDepth > end.ifTrue.loopDepth;
}

/** Where a jump to `block` ends up, past blocks that only jump on. */
function destinationOf(block: MachineBlock, limit: number): MachineBlock {
  let last = block;
  for (let steps = 0; steps < limit; steps++) {
    const [first] = last.instructions;
    if (first?.operation !== 'jump') return last;
    last = first.target!;
  }
  return last;
}

/** Makes every jump lead to a block that does something. */
export function skipJumps(blocks: readonly MachineBlock[]): void {
  for (const { instructions } of blocks) {
    for (const each of instructions) {
      if (each.target) each.target = destinationOf(each.target, blocks.length);
    }
  }
}

/**
 * Drops what cannot be reached, and makes the next block in memory the one that is fallen into.
 * Changes the blocks in place; gives those that remain.
 */
export function tightenJumps(blocks: MachineBlock[]): MachineBlock[] {
  const reached = new Set<MachineBlock>([blocks[0]!]);
  const work = [blocks[0]!];
  for (let block = work.pop(); block; block = work.pop()) {
    for (const each of block.instructions) {
      if (!each.target || reached.has(each.target)) continue;
      reached.add(each.target);
      work.push(each.target);
    }
  }
  const kept = bringEnds(blocks.filter((block) => reached.has(block)));
  for (const [index, block] of kept.entries()) fallThrough(block.instructions, kept[index + 1]);
  return kept;
}

/**
 * Puts a block that ends the function behind one that jumps there, where else nobody would fall
 * into it.
 */
function bringEnds(blocks: readonly MachineBlock[]): MachineBlock[] {
  const order = [...blocks];
  const ends = new Map<MachineBlock, MachineBlock[]>();
  for (const block of blocks.slice(1)) if (endsFunction(block)) ends.set(block, []);
  for (const block of blocks) {
    for (const { target } of block.instructions) if (target) ends.get(target)?.push(block);
  }
  for (const [block, from] of ends) {
    const place = order.indexOf(block);
    if (leadsTo(order[place - 1]!, block)) continue;
    const before = from.find((each) => {
      return leadsTo(each, block) && !leadsTo(each, order[order.indexOf(each) + 1]);
    });
    if (!before) continue;
    order.splice(place, 1);
    order.splice(order.indexOf(before) + 1, 0, block);
  }
  return order;
}

function endsFunction({ instructions }: MachineBlock): boolean {
  return instructions[instructions.length - 1]!.operation === 'exit';
}

/** Whether no jump is needed from `block` to `next`, if that follows. */
function leadsTo({ instructions }: MachineBlock, next: MachineBlock | undefined): boolean {
  const last = instructions[instructions.length - 1];
  if (!next || last?.operation !== 'jump') return false;
  if (last.target === next) return true;
  const before = instructions[instructions.length - 2];
  const isBranch = before?.operation === 'branch' || before?.operation === 'branchImmediate';
  return isBranch && before.target === next && before.comparison !== 'set';
}

function fallThrough(instructions: MachineInstruction[], next: MachineBlock | undefined): void {
  const last = instructions[instructions.length - 1];
  const before = instructions[instructions.length - 2];
  if (last?.operation !== 'jump') return;
  const isBranch = before?.operation === 'branch' || before?.operation === 'branchImmediate';
  if (isBranch && before.target === last.target) {
    instructions.splice(instructions.length - 2, 1);
  } else if (isBranch && before.target === next && before.comparison !== 'set') {
    before.comparison = negated[before.comparison];
    before.target = last.target;
    instructions.pop();
    return;
  }
  if (last.target === next) instructions.pop();
}
