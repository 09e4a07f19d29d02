/**
 * A block that holds only phis and a branch: predecessors that know the outcome go straight on, be
 * it that the branch is on a phi, or that they have branched on the same before. Heads of loops are
 * left alone, so that loops keep the shape that the verifier knows.
 */
import { compare, negated } from '../ir/comparison.ts';
import { placesOf } from '../ir/depth-first.ts';
import {
  type Block,
  type Branch,
  type IrFunction,
  resolve,
  type Terminator,
  type Value,
} from '../ir/ir.ts';
import { isNonNull } from './branches.ts';
import { isPhi, phisOf, redirect, removeUnreachable, resolveOperands } from './edit.ts';
import { constantOf } from './rewriter.ts';
import { isSameValue } from './simplify.ts';
import { addUser, findUsers, repair, type Users } from './ssa-repair.ts';

/** Each phi may have to be repaired in all that follows: a block with more is left alone. */
const phiLimit = 16;
/** How many blocks a predecessor looks back for a branch on the same. */
const historyLimit = 4;

/** Whether anything changed. */
export function threadJumps(made: IrFunction): boolean {
  const order = [...made.blocks];
  const places = placesOf(order, made);
  let users: Users | null = null;
  for (const block of order) {
    const known = knownOutcomes(block);
    if (known.length === 0) continue;
    const place = places[block.id]!;
    const isLoopHead = block.predecessors.some((before) => (places[before.id] ?? -1) >= place);
    if (isLoopHead) continue;
    users ??= findUsers(made, isPhi);
    thread(made, users, block, known);
  }
  if (!users) return false;
  resolveOperands(made);
  removeUnreachable(made);
  return true;
}

interface Outcome {
  readonly before: Block;
  readonly to: Block;
}

const none: readonly Outcome[] = [];

/** The predecessors of `block` that decide its branch. */
function knownOutcomes(block: Block): readonly Outcome[] {
  const end = block.terminator!;
  if (end.kind !== 'branch' || block.predecessors.length < 2) return none;
  const { values } = block;
  // Phis come first: where the last value is one, all are.
  if (values.length > phiLimit) return none;
  if (values.length > 0 && !isPhi(values[values.length - 1]!)) return none;
  const phi = end.left;
  const isOnPhi = phi.block === block && isPhi(phi);
  if (isOnPhi && constantOf(end.right) === null) return none;
  const known: Outcome[] = [];
  block.predecessors.forEach((before, index) => {
    const isTrue = isOnPhi
      ? outcome(end, resolve(phi.operands[index]!))
      : outcomeBefore(end, before, block);
    if (isTrue !== null) known.push({ before, to: isTrue ? end.ifTrue : end.ifFalse });
  });
  return known;
}

/** What a branch before `block` says of `end`, on the only way through `before`. */
function outcomeBefore(end: Branch, before: Block, block: Block): boolean | null {
  let to = block;
  let from = before;
  for (let step = 0; step < historyLimit; step++) {
    const decided = outcomeOfBranch(end, from.terminator!, to);
    if (decided !== null) return decided;
    if (from.predecessors.length !== 1) return null;
    to = from;
    from = from.predecessors[0]!;
  }
  return null;
}

/** Whether `end` holds where `branch` has led `to`; `null` where it says nothing of that. */
function outcomeOfBranch(end: Branch, branch: Terminator, to: Block): boolean | null {
  if (branch.kind !== 'branch' || branch.ifTrue === branch.ifFalse) return null;
  if (branch.width !== end.width || !isSameValue(branch.left, end.left)) return null;
  if (!isSameValue(branch.right, end.right)) return null;
  const holds = branch.ifTrue === to;
  if (branch.comparison === end.comparison) return holds;
  return branch.comparison === negated[end.comparison] ? !holds : null;
}

function outcome(end: Branch, value: Value): boolean | null {
  const bits = constantOf(value);
  const right = constantOf(end.right)!;
  if (bits !== null) return compare(end.comparison, bits, right, end.width);
  if (right !== 0n || !isNonNull(value)) return null;
  if (end.comparison === 'eq') return false;
  return end.comparison === 'ne' ? true : null;
}

function thread(made: IrFunction, users: Users, block: Block, known: readonly Outcome[]): void {
  const phis = block.values;
  const definitions = phis.map((phi) => new Map<Block, Value>([[block, phi]]));
  for (const { before, to } of known) {
    const index = block.predecessors.indexOf(before);
    const values = phis.map((phi) => resolve(phi.operands[index]!));
    const edge = made.makeBlock();
    edge.loopDepth = Math.min(block.loopDepth, before.loopDepth);
    edge.terminator = { kind: 'jump', to };
    redirect(before, block, edge);
    const from = to.predecessors.indexOf(block);
    to.predecessors.push(edge);
    for (const phi of phisOf(to)) {
      const operand = phi.operands[from]!;
      const own = phis.indexOf(operand);
      const value = own >= 0 ? values[own]! : operand;
      phi.operands.push(value);
      addUser(users, value, phi);
    }
    phis.forEach((_, at) => {
      definitions[at]!.set(edge, values[at]!);
    });
  }
  // A block that nothing reaches any more keeps its phis: what used them is given the others'
  // values.
  phis.forEach((phi, at) => {
    repair(made, users, phi, definitions[at]!);
  });
}
