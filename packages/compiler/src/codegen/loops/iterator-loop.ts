/**
 * A loop over the kernel's number iterator. Its verifier follows such a loop until nothing new can
 * happen, however many turns there are.
 *
 *     iter_num_new(&turns, 0, limit)
 *     head: if (!(next = iter_num_next(&turns))) leave
 *           turn = *next; if (turn >= limit) leave      (bounds the turn, where it is used)
 *     on every way out: iter_num_destroy(&turns)
 *
 * @source kernel/bpf/bpf_iter.c, bpf_iter_num_new
 */
import { type Block, type IrFunction, successors, type Value } from '../../ir/ir.ts';
import { resolveOperands } from '../../optimiser/edit.ts';
import { BlockWriter } from './block-writer.ts';
import type { Guard } from './guard.ts';
import { makePreheader, type NaturalLoop, splitEdge } from './natural-loop.ts';

const iteratorBytes = 8;

/** `isTurnUsed`: by more than the guard. */
export function iterate(
  made: IrFunction,
  loop: NaturalLoop,
  guard: Guard,
  isTurnUsed: boolean,
): void {
  const { head } = loop;
  const { turn, limit } = guard;
  const slot = made.makeValue({ op: 'slot', slot: { name: 'turns', size: iteratorBytes } }, [], 64);
  const before = new BlockWriter(made, makePreheader(made, loop), turn.position);
  const [from, to] = [before.constant(0, 64), before.constant(limit, 64)];
  before.call('bpf_iter_num_new', [slot, from, to]);
  for (const exit of loop.exits) {
    const way = new BlockWriter(made, splitEdge(made, exit), turn.position);
    way.call('bpf_iter_num_destroy', [slot]);
  }
  head.values.splice(head.values.indexOf(turn), 1);
  const at = new BlockWriter(made, head, turn.position);
  const next = at.call('bpf_iter_num_next', [slot]);
  if (isTurnUsed) readTurn(made, head, guard, next);
  const end = head.terminator!;
  if (end.kind !== 'branch') throw new Error(`iterate ${made.name}: a head without a branch`);
  const isEnd = guard.leavesWhenTrue || isTurnUsed ? 'eq' : 'ne';
  head.terminator = { ...end, comparison: isEnd, left: next, right: at.constant(0, 64), width: 64 };
}

/**
 * Splits the head: the turn is read, and compared with its limit, in a block of its own. Only the
 * body may use it, since who leaves through the iterator's end has read none.
 */
function readTurn(made: IrFunction, head: Block, guard: Guard, next: Value): void {
  const { turn } = guard;
  const out = successors(head)[guard.leavesWhenTrue ? 0 : 1]!;
  const body = made.makeBlock();
  body.loopDepth = head.loopDepth;
  const writer = new BlockWriter(made, body, turn.position);
  turn.replacement = writer.put(
    { op: 'load', access: { offset: 0, size: 4, space: 'any' } },
    [next],
    32,
  );
  body.predecessors = [head];
  body.terminator = head.terminator;
  for (const after of successors(body)) {
    after.predecessors[after.predecessors.indexOf(head)] = body;
  }
  // The way out stands on an edge of its own and has no phis: it takes a second predecessor as is.
  out.predecessors.push(head);
  const end = head.terminator!;
  if (end.kind === 'branch') head.terminator = { ...end, ifTrue: out, ifFalse: body };
  resolveOperands(made);
}
