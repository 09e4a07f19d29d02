/** The blocks of a function, and what their order must respect. */
import type { Placed } from '../asm/decode.ts';
import { slotCount } from '../asm/instruction.ts';
import { targetSlot } from './form.ts';

/** The number of the helper that jumps to another program. */
export const TAIL_CALL = 12;

/** Instructions that are executed one after the other, or not at all. */
export interface Block {
  /** Its place in reverse postorder: every block comes after those that must come before it. */
  index: number;
  readonly instructions: readonly Placed[];
  /** Where it goes when the jump is not taken, or there is none. */
  readonly next: Block | undefined;
  /** Where its jump goes. */
  readonly target: Block | undefined;
  /** Blocks that lead here. */
  readonly from: Block[];
  /** The closest block that all ways here pass; the first block has none. */
  dominator: Block | undefined;
}

/** Blocks in reverse postorder, the first one first. */
export interface FlowGraph {
  readonly blocks: readonly Block[];
  /** Every loop is entered by its first block only. */
  readonly isReducible: boolean;
}

interface Growing extends Block {
  next: Block | undefined;
  target: Block | undefined;
}

/** The graph of what can be reached from a slot without calls. */
export function flowGraph(code: readonly Placed[], entry: number): FlowGraph {
  const bySlot = new Map(code.map((each) => [each.slot, each]));
  const leaders = findLeaders(code, entry);
  const made = new Map<number, Growing>();
  const make = (slot: number): Growing => {
    const known = made.get(slot);
    if (known) return known;
    const instructions = blockFrom(slot, bySlot, leaders);
    const block = { index: -1, instructions, from: [], dominator: undefined };
    const growing: Growing = { ...block, next: undefined, target: undefined };
    made.set(slot, growing);
    return growing;
  };
  const order = postorder(make(entry), (block) => link(block as Growing, make));
  const blocks = order.reverse();
  blocks.forEach((block, index) => {
    block.index = index;
  });
  for (const block of blocks) {
    for (const to of successors(block)) to.from.push(block);
  }
  findDominators(blocks);
  return { blocks, isReducible: isReducible(blocks) };
}

/** Where a block goes: none, one or two blocks. */
export function successors({ next, target }: Block): Block[] {
  return [next, target].filter((each) => each !== undefined);
}

/** Whether `one` is on all ways to `other`, or is it. */
export function dominates(one: Block, other: Block): boolean {
  let at: Block | undefined = other;
  while (at && at.index > one.index) at = at.dominator;
  return at === one;
}

/** Whether nothing, or not only what follows, is executed after it. */
function endsBlock({ instruction }: Placed): boolean {
  switch (instruction.kind) {
    case 'jump':
    case 'branch':
    case 'mayGoto':
    case 'exit':
      return true;
    case 'call':
      return instruction.target !== 'helper' || instruction.number === TAIL_CALL;
    default:
      return false;
  }
}

function findLeaders(code: readonly Placed[], entry: number): ReadonlySet<number> {
  const leaders = new Set([entry]);
  for (const each of code) {
    if (!endsBlock(each)) continue;
    leaders.add(each.slot + 1);
    const target = targetSlot(each.slot, each.instruction);
    if (target !== undefined) leaders.add(target);
  }
  return leaders;
}

function blockFrom(
  slot: number,
  bySlot: ReadonlyMap<number, Placed>,
  leaders: ReadonlySet<number>,
): Placed[] {
  const instructions: Placed[] = [];
  let at = slot;
  do {
    const each = bySlot.get(at)!;
    instructions.push(each);
    at += slotCount(each.instruction);
  } while (!leaders.has(at));
  return instructions;
}

function link(block: Growing, make: (slot: number) => Growing): void {
  const { slot, instruction } = block.instructions.at(-1)!;
  const after = slot + slotCount(instruction);
  const isCall = instruction.kind === 'call';
  const target = isCall ? undefined : targetSlot(slot, instruction);
  if (target !== undefined) block.target = make(target);
  if (instruction.kind !== 'jump' && instruction.kind !== 'exit') block.next = make(after);
}

/** Without recursion: programs may be long. */
function postorder(entry: Block, visit: (block: Block) => void): Block[] {
  const order: Block[] = [];
  const seen = new Set([entry]);
  const pending: { readonly block: Block; rest: Block[] | undefined }[] = [
    { block: entry, rest: undefined },
  ];
  while (pending.length > 0) {
    const top = pending.at(-1)!;
    if (top.rest === undefined) {
      visit(top.block);
      top.rest = successors(top.block);
    }
    const next = top.rest.pop();
    if (next === undefined) order.push(pending.pop()!.block);
    else if (!seen.has(next)) {
      seen.add(next);
      pending.push({ block: next, rest: undefined });
    }
  }
  return order;
}

/** @source Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm */
function findDominators(blocks: readonly Block[]): void {
  const known = new Set(blocks.slice(0, 1));
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks.slice(1)) {
      const from = block.from.filter((each) => known.has(each));
      const dominator = from.reduce(commonDominator);
      if (known.has(block) && block.dominator === dominator) continue;
      block.dominator = dominator;
      known.add(block);
      changed = true;
    }
  }
}

function commonDominator(one: Block, other: Block): Block {
  let [a, b] = [one, other];
  while (a !== b) {
    if (a.index > b.index) a = a.dominator!;
    else b = b.dominator!;
  }
  return a;
}

function isReducible(blocks: readonly Block[]): boolean {
  return blocks.every((block) =>
    successors(block).every((to) => to.index > block.index || dominates(to, block)),
  );
}
