/**
 * Fewer blocks and fewer jumps: unreachable blocks go, straight lines become one block, branches of
 * which both sides do the same become jumps, equal returns become one, and where paths meet twice
 * in a row they meet once.
 */
import { placesOf } from '../ir/depth-first.ts';
import { type Block, type IrFunction, resolve, successors, type Value } from '../ir/ir.ts';
import {
  hasPhis,
  isPhi,
  phisOf,
  redirect,
  removePredecessor,
  removeUnreachable,
  resolveOperands,
} from './edit.ts';
import { constantOf } from './rewriter.ts';
import { isSameValue } from './simplify.ts';
import { findUsers, type User, type Users } from './ssa-repair.ts';

/** Whether anything changed. */
export function cleanControlFlow(made: IrFunction): boolean {
  let isChanged = mergeDiamonds(made);
  isChanged = splitReturns(made) || isChanged;
  isChanged = joinReturns(made) || isChanged;
  if (isChanged) removeUnreachable(made);
  isChanged = mergeMeetings(made) || isChanged;
  isChanged = replaceSinglePhis(made) || isChanged;
  isChanged = mergeChains(made) || isChanged;
  if (isChanged) removeUnreachable(made);
  return isChanged;
}

/** A phi of a block with one predecessor is its operand. */
function replaceSinglePhis(made: IrFunction): boolean {
  let isChanged = false;
  for (const block of made.blocks) {
    if (block.predecessors.length !== 1) continue;
    if (!hasPhis(block)) continue;
    const phis = phisOf(block);
    for (const phi of phis) phi.replacement = resolve(phi.operands[0]!);
    block.values = block.values.slice(phis.length);
    isChanged = true;
  }
  if (isChanged) resolveOperands(made);
  return isChanged;
}

/** A block that only one other jumps to, and that only leads there, continues it. */
function mergeChains(made: IrFunction): boolean {
  const isMerged = new Uint8Array(made.blockLimit);
  let isChanged = false;
  for (const block of made.blocks) {
    if (isMerged[block.id]) continue;
    for (;;) {
      const end = block.terminator!;
      if (end.kind !== 'jump' || end.to === block || end.to.predecessors.length !== 1) break;
      const next = end.to;
      for (const value of next.values) {
        value.block = block;
        block.values.push(value);
      }
      block.terminator = next.terminator;
      for (const after of successors(next)) {
        after.predecessors[after.predecessors.indexOf(next)] = block;
      }
      isMerged[next.id] = 1;
      isChanged = true;
    }
  }
  if (isChanged) made.blocks = made.blocks.filter((block) => !isMerged[block.id]);
  return isChanged;
}

/** Empty blocks that only jump on are skipped where no phi tells them apart. */
function mergeDiamonds(made: IrFunction): boolean {
  let isChanged = false;
  for (const block of made.blocks) {
    const end = block.terminator!;
    if (block.values.length > 0 || end.kind !== 'jump' || end.to === block) continue;
    if (block === made.blocks[0] || block.predecessors.length === 0) continue;
    for (const before of [...block.predecessors]) {
      isChanged = skip(before, block, end.to) || isChanged;
    }
  }
  return isChanged;
}

/** Makes `before` go to `after` at once instead of through the empty `block`, if phis allow. */
function skip(before: Block, block: Block, after: Block): boolean {
  const phis = phisOf(after);
  const isPredecessor = after.predecessors.includes(before);
  const through = after.predecessors.indexOf(block);
  if (isPredecessor) {
    const direct = after.predecessors.indexOf(before);
    const isSame = phis.every((phi) => isSameValue(phi.operands[direct]!, phi.operands[through]!));
    if (!isSame) return false;
  }
  // An edge of its own is where the copies of phis go: taking it away would only make another.
  if (!isPredecessor && phis.length > 0 && before.terminator!.kind === 'branch') return false;
  const operands = phis.map((phi) => phi.operands[through]!);
  redirect(before, block, after);
  if (!isPredecessor) {
    for (const [index, phi] of phis.entries()) phi.operands.push(operands[index]!);
  }
  return true;
}

/** `return phi` becomes `return constant` in the predecessors that know it. */
function splitReturns(made: IrFunction): boolean {
  let isChanged = false;
  for (const block of [...made.blocks]) {
    const end = block.terminator!;
    if (end.kind !== 'return' || block.values.length !== 1) continue;
    const [phi] = block.values;
    if (!isPhi(phi!) || resolve(end.value) !== phi) continue;
    const known = block.predecessors
      .map((before, index) => ({ before, value: resolve(phi!.operands[index]!) }))
      .filter(({ value }) => constantOf(value) !== null);
    for (const { before, value } of known) {
      const out = made.makeBlock();
      out.terminator = { kind: 'return', value, position: end.position };
      redirect(before, block, out);
      isChanged = true;
    }
  }
  return isChanged;
}

/** Blocks that only return the same constant become one. */
function joinReturns(made: IrFunction): boolean {
  let isChanged = false;
  const known = new Map<string, Block>();
  for (const block of made.blocks) {
    const end = block.terminator!;
    if (end.kind !== 'return' || block.values.length > 0 || block === made.blocks[0]) continue;
    const bits = constantOf(resolve(end.value));
    if (bits === null) continue;
    const key = `${end.value.width}:${bits}`;
    const first = known.get(key);
    if (!first) {
      known.set(key, block);
      continue;
    }
    for (const before of [...block.predecessors]) {
      redirect(before, block, first);
      isChanged = true;
    }
  }
  return isChanged;
}

/**
 * A block of phis that only jumps to the next block of phis is skipped: all its paths meet there,
 * so that a result which each path knows is still known where it is asked for.
 */
function mergeMeetings(made: IrFunction): boolean {
  const order = [...made.blocks];
  let places: Int32Array | null = null;
  let users: Users | null = null;
  let isChanged = false;
  for (const block of order) {
    const next = meetingAfter(block);
    if (!next) continue;
    // A loop keeps its one way back.
    places ??= placesOf(order, made);
    if (places[next.id]! <= places[block.id]!) continue;
    users ??= findUsers(made, isPhi);
    if (!isAskedOnlyIn(next, block, users)) continue;
    for (const before of [...block.predecessors]) leadOn(made, { before, block, next });
    removePredecessor(next, block);
    isChanged = true;
  }
  if (isChanged) removeUnreachable(made);
  return isChanged;
}

/** The block of phis that a block of phis only jumps on to, `null` where it is not so. */
function meetingAfter(block: Block): Block | null {
  const end = block.terminator!;
  if (end.kind !== 'jump' || end.to === block || block.predecessors.length < 2) return null;
  if (!hasPhis(block) || !hasPhis(end.to)) return null;
  // Phis come first: where the last value is one, all are.
  return isPhi(block.values[block.values.length - 1]!) ? end.to : null;
}

/**
 * Whether nothing but the phis of `next` asks for those of `block`, and they for the path from
 * there only: where `next` is a loop's head, its way back may ask too.
 */
function isAskedOnlyIn(next: Block, block: Block, users: Users): boolean {
  const through = next.predecessors.indexOf(block);
  const isAskedThere = (user: User, phi: Value): boolean =>
    'operands' in user &&
    user.operation.op === 'phi' &&
    user.block === next &&
    resolve(user.operands[through]!) === phi;
  return block.values.every((phi) => {
    // A user is listed once for each operand: one that is listed twice asks by another path too.
    const asked = users[phi.id] ?? [];
    const isOnce = new Set(asked).size === asked.length;
    return asked.length > 0 && isOnce && asked.every((user) => isAskedThere(user, phi));
  });
}

interface Step {
  readonly before: Block;
  readonly block: Block;
  readonly next: Block;
}

/** `before` goes to `next` by an edge of its own, with what it gave to the phis of `block`. */
function leadOn(made: IrFunction, { before, block, next }: Step): void {
  const index = block.predecessors.indexOf(before);
  const through = next.predecessors.indexOf(block);
  const given = phisOf(next).map((phi) => {
    const operand = resolve(phi.operands[through]!);
    return operand.block === block ? resolve(operand.operands[index]!) : operand;
  });
  const edge = made.makeBlock();
  edge.loopDepth = Math.min(block.loopDepth, before.loopDepth);
  edge.terminator = { kind: 'jump', to: next };
  redirect(before, block, edge);
  next.predecessors.push(edge);
  for (const [at, phi] of phisOf(next).entries()) phi.operands.push(given[at]!);
}
