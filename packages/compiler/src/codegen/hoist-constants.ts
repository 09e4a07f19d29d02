/**
 * `x = condition ? 1 : 0` without a jump over the other side: a side of a branch that only sets
 * registers to constants is put in front of the branch, where the other side overwrites it.
 *
 *     if w1 == 0 goto +2          w2 = 0
 *     w2 = 1                      if w1 == 0 goto +1
 *     goto +1                     w2 = 1
 *     w2 = 0
 */
import {
  definesDestination,
  type MachineBlock,
  type MachineInstruction,
  usesDestination,
} from './machine.ts';

/** More than this on a side is not worth its way through the other one. */
const constantLimit = 2;
/** How far the other side is looked through for what it overwrites. */
const lookLimit = 16;
/** Registers that a call leaves nothing in. */
const LAST_SCRATCH = 5;

/** After registers were allocated, and before jumps are tightened. */
export function hoistConstants(blocks: readonly MachineBlock[]): void {
  const ways = countWays(blocks);
  for (const block of blocks) {
    const { instructions } = block;
    const [branch, jump] = instructions.slice(-2);
    if (branch?.operation !== 'branch' && branch?.operation !== 'branchImmediate') continue;
    if (jump?.operation !== 'jump') continue;
    const [taken, other] = [branch.target!, jump.target!];
    if (ways.get(taken) !== 1 || ways.get(other) !== 1) continue;
    const side = [taken, other].find((each) => {
      return isHoistable(each, each === taken ? other : taken, branch);
    });
    if (!side) continue;
    const constants = side.instructions.splice(0, side.instructions.length - 1);
    instructions.splice(instructions.length - 2, 0, ...constants);
  }
}

/** From how many places each block is gone to. */
function countWays(blocks: readonly MachineBlock[]): ReadonlyMap<MachineBlock, number> {
  const ways = new Map<MachineBlock, number>();
  for (const { instructions } of blocks) {
    for (const { target } of instructions) {
      if (target) ways.set(target, (ways.get(target) ?? 0) + 1);
    }
  }
  return ways;
}

function isHoistable(
  { instructions }: MachineBlock,
  other: MachineBlock,
  branch: MachineInstruction,
): boolean {
  const count = instructions.length - 1;
  if (count < 1 || count > constantLimit || instructions[count]!.operation !== 'jump') return false;
  for (let index = 0; index < count; index++) {
    const { operation, destination } = instructions[index]!;
    if (operation !== 'moveImmediate') return false;
    if (destination === branch.destination || destination === branch.source) return false;
    if (!isOverwritten(destination, other)) return false;
  }
  return true;
}

/** Whether `block` writes the register before it reads it. */
function isOverwritten(register: number, { instructions }: MachineBlock): boolean {
  const end = Math.min(instructions.length, lookLimit);
  for (let index = 0; index < end; index++) {
    const each = instructions[index]!;
    if (each.operation === 'exit') return register !== 0;
    if (each.operation === 'call') {
      if (register >= 1 && register <= each.argumentCount) return false;
      if (register <= LAST_SCRATCH) return true;
      continue;
    }
    if (each.source === register) return false;
    if (each.destination !== register) continue;
    return definesDestination(each) && !usesDestination(each);
  }
  return false;
}
