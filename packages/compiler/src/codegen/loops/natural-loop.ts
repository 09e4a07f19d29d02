/** The blocks of a loop, and the edges into and out of it. */
import { DominatorTree } from '../../ir/dominators.ts';
import { type Block, type IrFunction, successors } from '../../ir/ir.ts';

/** An edge of the graph. */
export interface Edge {
  readonly from: Block;
  readonly to: Block;
}

/** A loop with one head, which every path into it goes through. */
export interface NaturalLoop {
  readonly head: Block;
  /** The head included. */
  readonly blocks: ReadonlySet<Block>;
  /** From outside to the head. */
  readonly entries: readonly Block[];
  /** From inside back to the head. */
  readonly latches: readonly Block[];
  readonly exits: readonly Edge[];
}

/** The loop that `head` is the head of; `null` where nothing leads back to it. */
export function loopOf(made: IrFunction, head: Block): NaturalLoop | null {
  const tree = new DominatorTree(made);
  const latches = head.predecessors.filter((each) => tree.dominates(head, each));
  if (latches.length === 0) return null;
  const blocks = new Set([head, ...latches]);
  for (const block of blocks) {
    if (block !== head) for (const before of block.predecessors) blocks.add(before);
  }
  const exits = [...blocks].flatMap((from) =>
    successors(from).flatMap((to) => (blocks.has(to) ? [] : [{ from, to }])),
  );
  const entries = head.predecessors.filter((each) => !blocks.has(each));
  return { head, blocks, entries, latches, exits };
}

/** Puts an empty block on the edge; the phis of its target keep their operands. */
export function splitEdge(made: IrFunction, { from, to }: Edge): Block {
  const middle = made.makeBlock();
  middle.loopDepth = Math.min(from.loopDepth, to.loopDepth);
  middle.predecessors = [from];
  middle.terminator = { kind: 'jump', to };
  to.predecessors[to.predecessors.indexOf(from)] = middle;
  const end = from.terminator!;
  if (end.kind === 'jump') end.to = middle;
  else if (end.kind === 'branch' && end.ifTrue === to) end.ifTrue = middle;
  else if (end.kind === 'branch') end.ifFalse = middle;
  return middle;
}

/** One block that all ways into the loop go through. */
export function makePreheader(made: IrFunction, { head, entries }: NaturalLoop): Block {
  if (entries.length === 1) return splitEdge(made, { from: entries[0]!, to: head });
  const before = made.makeBlock();
  before.loopDepth = Math.max(0, head.loopDepth - 1);
  before.terminator = { kind: 'jump', to: head };
  const places = entries.map((entry) => head.predecessors.indexOf(entry));
  for (const phi of head.values) {
    if (phi.operation.op !== 'phi') break;
    const operands = places.map((place) => phi.operands[place]!);
    const merged = made.makeValue({ op: 'phi' }, operands, phi.width, phi.position);
    merged.block = before;
    before.values.push(merged);
    phi.operands = phi.operands.filter((_, index) => !places.includes(index));
    phi.operands.push(merged);
  }
  head.predecessors = head.predecessors.filter((_, index) => !places.includes(index));
  head.predecessors.push(before);
  before.predecessors = [...entries];
  for (const entry of entries) {
    const end = entry.terminator!;
    if (end.kind === 'jump') end.to = before;
    else if (end.kind === 'branch' && end.ifTrue === head) end.ifTrue = before;
    else if (end.kind === 'branch') end.ifFalse = before;
  }
  return before;
}
