/**
 * `x < 0 ? 1 : 0` is a shift, and `x & 4 ? 1 : 0` a shift and a mask: no path of its own for either
 * outcome. Many helpers say by the sign of their result whether they did what they were asked for.
 *
 *     if w0 s>= 0 goto +2         w0 >>= 31
 *     w0 = 0                      w0 ^= 1
 *     exit                        exit
 *     w0 = 1
 *     exit
 */
import type { BinaryOperator, Width } from '../ir/ir.ts';
import {
  FIRST_VIRTUAL,
  type MachineBlock,
  type MachineFunction,
  MachineInstruction,
  usesDestination,
} from './machine.ts';

/** Before registers are allocated. */
export function computeBooleans(made: MachineFunction): void {
  const reads = countReads(made);
  let isChanged = false;
  for (const block of made.blocks) isChanged = computeBoolean(block, reads) || isChanged;
  if (!isChanged) return;
  made.blocks = made.blocks.filter(({ predecessors }, at) => at === 0 || predecessors.length > 0);
  made.blocks.forEach((block, index) => {
    block.index = index;
  });
}

/** By register. */
function countReads({ blocks, registerCount }: MachineFunction): Uint32Array {
  const reads = new Uint32Array(registerCount);
  for (const { instructions } of blocks) {
    for (const each of instructions) {
      if (each.source >= FIRST_VIRTUAL) reads[each.source]!++;
      if (each.destination >= FIRST_VIRTUAL && usesDestination(each)) reads[each.destination]!++;
    }
  }
  return reads;
}

/** One bit of a register, and what stands in for a branch on it. */
interface BitTest {
  readonly bit: number;
  /** Whether the branch is taken where the bit is one. */
  readonly isTakenIfSet: boolean;
}

/** Whether the branch at the end of `block` is gone. */
function computeBoolean(block: MachineBlock, reads: Uint32Array): boolean {
  const { instructions } = block;
  const [branch, jump] = instructions.slice(-2);
  if (branch?.operation !== 'branchImmediate' || jump?.operation !== 'jump') return false;
  // Who asks again wants the verifier to know the outcome.
  const test = reads[branch.destination] === 1 ? bitTestOf(branch) : null;
  const sides = [branch.target!, jump.target!] as const;
  const isOne = test && booleanOf(...sides);
  if (isOne === null) return false;
  const steps = stepsOf(test!, isOne === test!.isTakenIfSet, branch.width);
  if (steps.length > 2) return false;
  const [{ destination }, end] = sides[0].instructions as [MachineInstruction, MachineInstruction];
  const made = [put('move', branch, destination)];
  made[0]!.source = branch.destination;
  for (const [operator, immediate] of steps) {
    const step = put('aluImmediate', branch, destination);
    Object.assign(step, { operator, immediate, width: branch.width });
    made.push(step);
  }
  const last = put(end.operation, end, -1);
  last.target = end.target;
  instructions.splice(-2, 2, ...made, last);
  lead(block, sides, last.target);
  return true;
}

function put(
  operation: MachineInstruction['operation'],
  { position }: MachineInstruction,
  destination: number,
): MachineInstruction {
  const made = new MachineInstruction(operation, position);
  made.destination = destination;
  return made;
}

/** A branch that asks for one bit. */
function bitTestOf({ comparison, immediate, width }: MachineInstruction): BitTest | null {
  const sign = width - 1;
  if (comparison === 'slt' && immediate === 0) return { bit: sign, isTakenIfSet: true };
  if (comparison === 'sge' && immediate === 0) return { bit: sign, isTakenIfSet: false };
  if (comparison === 'sgt' && immediate === -1) return { bit: sign, isTakenIfSet: false };
  const isBit = immediate > 0 && (immediate & (immediate - 1)) === 0;
  return comparison === 'set' && isBit
    ? { bit: 31 - Math.clz32(immediate), isTakenIfSet: true }
    : null;
}

/** What makes of the register the bit, or what the bit is not. */
function stepsOf({ bit }: BitTest, isBit: boolean, width: Width): [BinaryOperator, number][] {
  const steps: [BinaryOperator, number][] = [];
  if (bit > 0) steps.push(['shr', bit]);
  if (bit < width - 1) steps.push(['and', 1]);
  if (!isBit) steps.push(['xor', 1]);
  return steps;
}

/**
 * Whether the first of two blocks sets a register to one that the other sets to zero; `null` where
 * that is not all that they do, or they do not go on to the same.
 */
function booleanOf(taken: MachineBlock, other: MachineBlock): boolean | null {
  if (taken.instructions.length !== 2 || other.instructions.length !== 2) return null;
  const [a, end] = taken.instructions as [MachineInstruction, MachineInstruction];
  const [b, otherEnd] = other.instructions as [MachineInstruction, MachineInstruction];
  if (a.operation !== 'moveImmediate' || b.operation !== 'moveImmediate') return null;
  if (a.destination !== b.destination || a.immediate + b.immediate !== 1) return null;
  if (a.immediate !== 0 && a.immediate !== 1) return null;
  const isAlike = end.operation === otherEnd.operation && end.target === otherEnd.target;
  const isEnd = end.operation === 'jump' || end.operation === 'exit';
  return isAlike && isEnd ? a.immediate === 1 : null;
}

/** `block` no longer leads to `sides`, but to what they lead to. */
function lead(
  block: MachineBlock,
  sides: readonly MachineBlock[],
  target: MachineBlock | null,
): void {
  block.successors = target ? [target] : [];
  target?.predecessors.push(block);
  for (const side of sides) {
    side.predecessors = side.predecessors.filter((each) => each !== block);
    if (side.predecessors.length > 0 || !target) continue;
    target.predecessors = target.predecessors.filter((each) => each !== side);
  }
}
