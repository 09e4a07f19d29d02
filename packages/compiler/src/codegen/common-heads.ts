/**
 * What both sides of a branch begin with stands before it: copies of registers, and constants. What
 * the verifier allows on one side only, such as a load, stays there.
 */
import {
  countWays,
  type MachineBlock,
  type MachineInstruction,
  type MachineOperation,
} from './machine.ts';
import { isSameInstruction } from './same-instruction.ts';

const movable: ReadonlySet<MachineOperation> = new Set<MachineOperation>([
  ...(['move', 'move32', 'moveImmediate', 'moveWide', 'mapAddress', 'frameAddress'] as const),
]);

type Sides = readonly [MachineBlock, MachineBlock];

/** After registers were allocated and the frame laid out. */
export function hoistCommonHeads(blocks: readonly MachineBlock[]): void {
  const ways = countWays(blocks);
  for (const { instructions } of blocks) {
    const [branch, jump] = instructions.slice(-2);
    if (branch?.operation !== 'branch' && branch?.operation !== 'branchImmediate') continue;
    if (jump?.operation !== 'jump') continue;
    const sides: Sides = [branch.target!, jump.target!];
    if (sides.some((side) => ways.get(side) !== 1)) continue;
    while (beginAlike(sides, branch)) {
      sides[1].instructions.shift();
      instructions.splice(-2, 0, sides[0].instructions.shift()!);
    }
  }
}

/** Whether both begin with the same, and the branch does not read what that writes. */
function beginAlike([one, other]: Sides, branch: MachineInstruction): boolean {
  const [a, b] = [one.instructions[0]!, other.instructions[0]!];
  if (!movable.has(a.operation) || !isSameInstruction(a, b)) return false;
  return a.destination !== branch.destination && a.destination !== branch.source;
}
