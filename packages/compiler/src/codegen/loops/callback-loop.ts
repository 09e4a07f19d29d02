/**
 * A loop whose body becomes a function that the helper `bpf_loop` calls for each turn: what kernels
 * without number iterators have. The function sees its caller's values only in memory, so whatever
 * crosses its border lies in cells of 8 bytes in one object on the caller's stack:
 *
 *     way out | the head's phis | values from before the loop | values needed after it
 *
 * Only one way out is taken: values that are needed after different ones share cells. What a loop
 * in a loop needs of the outer one's cells, it reads there.
 *
 * A turn that ends stores the new phis and returns 0. One that leaves the loop stores the number of
 * its way out and what is needed there, and returns 1; the caller then goes on by that way. No
 * such number is the guard's: the turns are used up.
 *
 * @source kernel/bpf/bpf_iter.c, bpf_loop
 */
import { copyFunction } from '../../ir/copy.ts';
import { type Block, IrFunction, isCall, type Value } from '../../ir/ir.ts';
import { phisOf } from '../../optimiser/edit.ts';
import { findUsers, repair } from '../../optimiser/ssa-repair.ts';
import { BlockWriter } from './block-writer.ts';
import { BorderValues } from './border-values.ts';
import { stateIndex } from './caller-cells.ts';
import type { Guard } from './guard.ts';
import { makePreheader, type NaturalLoop, splitEdge } from './natural-loop.ts';

const loopHelper = 181;

/** A way out of the loop: from a block of it to a block after it. */
interface WayOut {
  readonly from: Block;
  readonly to: Block;
  /** The loop's values that are needed there. */
  readonly needed: readonly Value[];
}

/** What becomes of the loop, and where it stands. */
export interface Outlined {
  /** Of the function that its body becomes. */
  readonly name: string;
  /** Whether the loop stands in what was a loop's body itself. */
  readonly isBody: boolean;
  /** Whether the verifier may forget what the loop results in. */
  readonly isPlain: boolean;
}

/** Takes the loop out of `made`; gives the function that became of its body. */
export function outline(
  made: IrFunction,
  loop: NaturalLoop,
  guard: Guard,
  { name, isBody, isPlain }: Outlined,
): IrFunction {
  const movesPacket = [...loop.blocks].some((block) =>
    block.values.some(({ operation }) => isCall(operation) && operation.movesPacket),
  );
  const isGuard = ({ from }: { from: Block }): boolean => from === loop.head;
  const exits = [...loop.exits.filter(isGuard), ...loop.exits.filter((exit) => !isGuard(exit))];
  const before = makePreheader(made, loop);
  const edges = exits.map(({ from, to }) => ({ from, to: splitEdge(made, { from, to }) }));
  const landings = edges.map(({ to }) => to);
  const border = new BorderValues(made, loop, { before, landings, isBody });
  const ways = edges.map(({ from, to }): WayOut => ({ from, to, needed: border.needed.get(to)! }));
  made.blocks = made.blocks.filter((block) => !loop.blocks.has(block));
  const initial = phisOf(loop.head).map(
    (phi) => phi.operands[loop.head.predecessors.indexOf(before)]!,
  );
  const callback = makeCallback(made, loop, guard, border, { ways, name });
  writeCall(made, before, guard, border, { initial, ways, name, isPlain, movesPacket });
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
  const state = writer.put({ op: 'parameter', index: stateIndex }, [], 64);
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
  ways.forEach(({ from, to, needed }, number) => {
    const end = new BlockWriter(callback, detour(callback, from, to), position);
    if (number > 0) {
      end.save(state, 0, end.constant(number, 64));
      for (const value of needed) border.saveOutput(end, state, value);
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
  readonly isPlain: boolean;
  readonly movesPacket: boolean;
}

function writeCall(
  made: IrFunction,
  before: Block,
  guard: Guard,
  border: BorderValues,
  { initial, ways, name, isPlain, movesPacket }: Call,
): void {
  const { turn, limit } = guard;
  const writer = new BlockWriter(made, before, turn.position);
  const { state } = border;
  if (ways.length > 1) writer.save(state, 0, noWay(writer, border, ways.length, isPlain));
  border.saveInputs(writer, state);
  border.savePhis(writer, state, initial);
  const address = made.makeValue({ op: 'function', name }, [], 64);
  const operands = [writer.constant(limit, 64), address, state, writer.constant(0, 64)];
  // What the callback does to the packet, the call does.
  writer.put({ op: 'call', helper: loopHelper, name: 'loop', movesPacket }, operands, 64);
  dispatch(writer, state, ways);
  const atEnds = new Map(border.outputs.map((value) => [value, new Map<Block, Value>()]));
  ways.forEach(({ to, needed }, number) => {
    const landing = new BlockWriter(made, to, turn.position);
    for (const value of needed) {
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

/**
 * What stands for the way out before one is taken. Where the verifier does not have to know by
 * which way it goes on, it is not told: it would follow the body once more for each of them.
 */
function noWay(
  writer: BlockWriter,
  border: BorderValues,
  wayCount: number,
  isPlain: boolean,
): Value {
  if (!isPlain && wayCount < 3) return writer.constant(0, 64);
  const unknown = border.saveUnknown(writer, border.state);
  return isPlain ? unknown : writer.constant(0, 64);
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
