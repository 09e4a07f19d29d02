/**
 * `x = condition ? 1 : 0` without a jump over the other side: a side of a branch that only sets
 * registers to constants is put in front of the branch, where the other side overwrites it.
 *
 *     if w1 == 0 goto +2          w2 = 0
 *     w2 = 1                      if w1 == 0 goto +1
 *     goto +1                     w2 = 1
 *     w2 = 0
 *
 * Where both sides end the program, they end it at one place.
 */
import {
  countWays,
  definesDestination,
  LAST_SCRATCH,
  MachineBlock,
  MachineInstruction,
  usesDestination,
} from './machine.ts';

/** More than this on a side is not worth its way through the other one. */
const constantLimit = 2;
/** How far the other side is looked through for what it overwrites. */
const lookLimit = 16;

/**
 * Before registers are allocated, so that what is set and what the branch compares get different
 * ones, and after (`isAllocated`), when it is known what is set in place. Only then a register of
 * the machine may be set in one block for another.
 */
export function hoistConstants(blocks: MachineBlock[], isAllocated: boolean): void {
  const ways = countWays(blocks);
  for (const block of [...blocks]) {
    const { instructions } = block;
    const [branch, jump] = instructions.slice(-2);
    if (branch?.operation !== 'branch' && branch?.operation !== 'branchImmediate') continue;
    if (jump?.operation !== 'jump') continue;
    const [taken, other] = [branch.target!, jump.target!];
    if (ways.get(taken) !== 1 || ways.get(other) !== 1) continue;
    const ordered = [[taken, other] as const, [other, taken] as const].find(([side, rest]) =>
      isHoistable(side, rest, branch),
    );
    if (!ordered) continue;
    const [side, rest] = ordered;
    if (!isAllocated && isEnd(side)) continue;
    const constants = side.instructions.splice(0, side.instructions.length - 1);
    instructions.splice(instructions.length - 2, 0, ...constants);
    if (isEnd(side)) shareExit(blocks, side, rest);
  }
}

function isEnd({ instructions }: MachineBlock): boolean {
  return instructions[instructions.length - 1]!.operation === 'exit';
}

/** `side`, which only ends the program, ends it where `other` does. */
function shareExit(blocks: MachineBlock[], side: MachineBlock, other: MachineBlock): void {
  const exit = new MachineBlock(0, other.loopDepth);
  exit.instructions = other.instructions.splice(-1);
  blocks.splice(blocks.indexOf(other) + 1, 0, exit);
  side.instructions = [];
  for (const { instructions } of [side, other]) {
    const jump = new MachineInstruction('jump', exit.instructions[0]!.position);
    jump.target = exit;
    instructions.push(jump);
  }
}

function isHoistable(
  { instructions }: MachineBlock,
  other: MachineBlock,
  branch: MachineInstruction,
): boolean {
  const count = instructions.length - 1;
  if (count < 1 || count > constantLimit || !endsAlike(instructions, other)) return false;
  for (let index = 0; index < count; index++) {
    const { operation, destination } = instructions[index]!;
    if (operation !== 'moveImmediate') return false;
    if (destination === branch.destination || destination === branch.source) return false;
    if (!isOverwritten(destination, other)) return false;
  }
  return true;
}

/** Whether a side jumps on, or both end the program. */
function endsAlike(instructions: readonly MachineInstruction[], other: MachineBlock): boolean {
  const { operation } = instructions[instructions.length - 1]!;
  return operation === 'jump' || (operation === 'exit' && isEnd(other));
}

/**
 * Whether `block` writes the register before it reads it. A move does not count: it vanishes where
 * both of its registers become one, which they cannot if this one is set before.
 */
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
    if (each.operation === 'compareExchange' && register === 0) return false;
    if (each.source === register) return false;
    if (each.destination !== register) continue;
    return each.operation !== 'move' && definesDestination(each) && !usesDestination(each);
  }
  return false;
}
