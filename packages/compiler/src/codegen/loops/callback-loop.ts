/**
 * A loop whose body becomes a function that the helper `bpf_loop` calls for each turn: what kernels
 * without number iterators have. The function sees its caller's values only in memory, so whatever
 * crosses its border lies in cells of 8 bytes in one object on the caller's stack:
 *
 *     way out | the head's phis | values from before the loop | values needed after it
 *
 * A turn that ends stores the new phis and returns 0. One that leaves the loop stores the number of
 * its way out and what is needed there, and returns 1; the caller then goes on by that way. Way 0
 * is the guard's: the turns are used up.
 *
 * @source kernel/bpf/bpf_iter.c, bpf_loop
 */
import { copyFunction } from '../../ir/copy.ts';
import { type Block, IrFunction, isCall, type Value } from '../../ir/ir.ts';
import { phisOf } from '../../optimiser/edit.ts';
import { findUsers, repair } from '../../optimiser/ssa-repair.ts';
import { BlockWriter } from './block-writer.ts';
import { BorderValues } from './border-values.ts';
import type { Guard } from './guard.ts';
import { makePreheader, type NaturalLoop, splitEdge } from './natural-loop.ts';

const loopHelper = 181;

/** A way out of the loop: from a block of it to a block after it. */
interface WayOut {
  readonly from: Block;
  readonly to: Block;
  /** The loop's values that are known there. */
  readonly known: readonly Value[];
}

/** Takes the loop out of `made`; gives the function that became of its body. */
export function outline(
  made: IrFunction,
  loop: NaturalLoop,
  guard: Guard,
  name: string,
): IrFunction {
  const border = new BorderValues(made, loop);
  const movesPacket = [...loop.blocks].some((block) =>
    block.values.some(({ operation }) => isCall(operation) && operation.movesPacket),
  );
  const isGuard = ({ from }: { from: Block }): boolean => from === loop.head;
  const exits = [...loop.exits.filter(isGuard), ...loop.exits.filter((exit) => !isGuard(exit))];
  const before = makePreheader(made, loop);
  const ways = exits.map(({ from, to }): WayOut => {
    const known = border.outputs.filter((each) => loop.tree.dominates(each.block!, from));
    return { from, known, to: splitEdge(made, { from, to }) };
  });
  made.blocks = made.blocks.filter((block) => !loop.blocks.has(block));
  const initial = phisOf(loop.head).map(
    (phi) => phi.operands[loop.head.predecessors.indexOf(before)]!,
  );
  const callback = makeCallback(made, loop, guard, border, { ways, name });
  writeCall(made, before, guard, border, { initial, ways, name, movesPacket });
  return callback;
}

// ---- the callback -----------------------------------------------------------------------------

function makeCallback(
  made: IrFunction,
  loop: NaturalLoop,
  guard: Guard,
  border: BorderValues,
  { ways, name }: { readonly ways: readonly WayOut[]; readonly name: string },
): IrFunction {
  const { position } = guard.turn;
  const callback = new IrFunction(name, position, made);
  const entry = callback.makeBlock();
  callback.blocks.push(...loop.blocks);
  const writer = new BlockWriter(callback, entry, position);
  const turn = writer.put({ op: 'parameter', index: 0 }, [], 64);
  const state = writer.put({ op: 'parameter', index: 1 }, [], 64);
  const inside = border.restoreInputs(writer, state);
  inside.set(guard.turn, writer.put({ op: 'truncate' }, [turn], 32));
  for (const latch of loop.latches) {
    const next = phisOf(loop.head).map((phi) => {
      return phi.operands[loop.head.predecessors.indexOf(latch)]!;
    });
    const end = new BlockWriter(callback, detour(callback, latch, loop.head), position);
    border.savePhis(end, state, next);
    end.return(0);
  }
  ways.forEach(({ from, to, known }, number) => {
    const end = new BlockWriter(callback, detour(callback, from, to), position);
    if (number > 0) {
      end.save(state, 0, end.constant(number, 64));
      for (const value of known) border.saveOutput(end, state, value);
    }
    end.return(1);
  });
  loop.head.values = loop.head.values.filter((value) => !inside.has(value));
  loop.head.predecessors = [];
  writer.jump(loop.head);
  border.substitute(callback.blocks, inside);
  return copyFunction(callback);
}

/** A block that `from` goes to instead of `to`. */
function detour(made: IrFunction, from: Block, to: Block): Block {
  const block = made.makeBlock();
  block.predecessors = [from];
  const end = from.terminator!;
  if (end.kind === 'jump') end.to = block;
  else if (end.kind === 'branch' && end.ifTrue === to) end.ifTrue = block;
  else if (end.kind === 'branch') end.ifFalse = block;
  return block;
}

// ---- the caller -------------------------------------------------------------------------------

interface Call {
  /** What the head's phis begin with. */
  readonly initial: readonly Value[];
  readonly ways: readonly WayOut[];
  readonly name: string;
  readonly movesPacket: boolean;
}

function writeCall(
  made: IrFunction,
  before: Block,
  guard: Guard,
  border: BorderValues,
  { initial, ways, name, movesPacket }: Call,
): void {
  const { turn, limit } = guard;
  const writer = new BlockWriter(made, before, turn.position);
  const { state } = border;
  if (ways.length > 1) writer.save(state, 0, writer.constant(0, 64));
  border.saveInputs(writer, state);
  border.savePhis(writer, state, initial);
  const address = made.makeValue({ op: 'function', name }, [], 64);
  const operands = [writer.constant(limit, 64), address, state, writer.constant(0, 64)];
  // What the callback does to the packet, the call does.
  writer.put({ op: 'call', helper: loopHelper, name: 'loop', movesPacket }, operands, 64);
  dispatch(writer, state, ways);
  const atEnds = new Map(border.outputs.map((value) => [value, new Map<Block, Value>()]));
  ways.forEach(({ to, known }, number) => {
    const landing = new BlockWriter(made, to, turn.position);
    for (const value of known) {
      const isGuard = number === 0;
      // The turn that the loop is left in is its limit: nothing of it ran.
      const atLimit = value === turn ? landing.constant(limit, 32) : null;
      const found = isGuard
        ? (atLimit ?? border.restorePhi(landing, state, value))
        : border.restoreOutput(landing, state, value);
      atEnds.get(value)!.set(to, found);
    }
  });
  const users = findUsers(made, (value) => atEnds.has(value));
  for (const [value, atEnd] of atEnds) repair(made, users, value, atEnd);
}

/** Goes on by the way whose number the callback left. */
function dispatch(writer: BlockWriter, state: Value, ways: readonly WayOut[]): void {
  const { made } = writer;
  const taken = ways.length > 1 ? writer.restore(state, 0, 64) : null;
  let { block } = writer;
  const [guardWay, ...others] = ways;
  others.forEach(({ to: ifTrue }, index) => {
    const ifFalse = made.makeBlock();
    const [left, right] = [taken!, made.makeConstant(index + 1, 64)];
    const { position } = left;
    const end = { kind: 'branch', comparison: 'eq', left, right, width: 64, position } as const;
    block.terminator = { ...end, ifTrue, ifFalse };
    ifTrue.predecessors = [block];
    ifFalse.predecessors = [block];
    block = ifFalse;
  });
  block.terminator = { kind: 'jump', to: guardWay!.to };
  guardWay!.to.predecessors = [block];
}
