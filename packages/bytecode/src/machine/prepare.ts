/** From code to steps: what the kernel's verifier checks before it looks at any value. */
import type { Arithmetic, Instruction } from '../asm/instruction.ts';
import { decodePlaced, type Placed } from '../asm/decode.ts';
import { helperName } from '../listing/helper-names.ts';
import type { ProgramObject } from '../object.ts';
import { programKind } from './context.ts';
import type { Step } from './cpu.ts';
import { MachineFault } from './fault.ts';
import { machineHelpers } from './helpers/table.ts';
import type { MachineMap } from './maps/map.ts';
import { arithmeticStep, byteSwapStep, negateStep, signExtendStep } from './steps/arithmetic.ts';
import { helperStep, subprogramStep, TAIL_CALL, tailCallStep } from './steps/call.ts';
import { branchStep, jumpStep, mayGotoStep } from './steps/jump.ts';
import { atomicStep, constantStep, loadStep, storeStep } from './steps/memory.ts';

/**
 * One step for each slot; none for the second slots of constant loads, where nothing may jump.
 *
 * @throws DecodeError where the code holds no instruction
 * @throws MachineFault for a jump to nowhere, a write to r10, a call that the machine has not
 */
export function prepare(object: ProgramObject, maps: ReadonlyMap<string, MachineMap>): Step[] {
  const placed = decodePlaced(object.code);
  const references = new Map(object.mapReferences.map((use) => [use.instruction, use.map]));
  const starts = new Set(placed.map((each) => each.slot));
  const steps: Step[] = new Array(object.code.length / 8);
  for (const each of placed) {
    const detail = refusal(object, each, starts, references);
    if (detail) throw new MachineFault(object, each.slot, each.instruction, detail);
    steps[each.slot] = stepOf(each, maps.get(references.get(each.slot) ?? ''));
  }
  const last = placed.at(-1)?.instruction.kind;
  if (last !== 'exit' && last !== 'jump') {
    throw new MachineFault(object, placed.length, undefined, 'the code ends without exit or jump');
  }
  return steps;
}

/** Why the instruction may not be there; `undefined` when it may. */
function refusal(
  object: ProgramObject,
  { slot, instruction }: Placed,
  starts: ReadonlySet<number>,
  references: ReadonlyMap<number, string>,
): string | undefined {
  if (writesFramePointer(instruction)) return 'r10 is read-only';
  if (instruction.kind === 'arithmetic') return arithmeticRefusal(instruction);
  const target = targetSlot(slot, instruction);
  if (target !== undefined && !starts.has(target)) return `slot ${target} is no instruction`;
  if (instruction.kind === 'call') return callRefusal(object, instruction);
  if (instruction.kind !== 'loadConstant' || instruction.from === 'value') return undefined;
  if (instruction.from !== 'mapByDescriptor') {
    return `constants of kind ${instruction.from} have no meaning on the machine`;
  }
  return references.has(slot) ? undefined : 'no map reference for this slot';
}

/** The kernel refuses what is wrong with an immediate, though it defines the same of a register. */
function arithmeticRefusal({ operator, width, source }: Arithmetic): string | undefined {
  if (typeof source !== 'number') return undefined;
  const isShift = operator === 'shl' || operator === 'shr' || operator === 'sar';
  if (isShift && (source < 0 || source >= width)) return `shift by ${source} of ${width} bits`;
  return source === 0 && /div|mod/.test(operator) ? 'division by an immediate zero' : undefined;
}

function callRefusal(
  object: ProgramObject,
  call: Instruction & { kind: 'call' },
): string | undefined {
  if (call.target === 'subprogram') return undefined;
  if (call.target === 'kernelFunction') return 'the machine has no kernel functions';
  if (call.number === TAIL_CALL) return undefined;
  const name = helperName(call.number) ?? 'unknown';
  const helper = machineHelpers.get(call.number);
  if (!helper) return `the machine has no helper ${call.number} (${name})`;
  const kind = programKind(object.programType)!;
  return helper.kinds.includes(kind) ? undefined : `helper ${name} is not for ${kind} programs`;
}

function writesFramePointer(instruction: Instruction): boolean {
  switch (instruction.kind) {
    case 'arithmetic':
    case 'signExtend':
    case 'negate':
    case 'byteSwap':
    case 'loadConstant':
    case 'load':
      return instruction.destination.number === 10;
    case 'atomic':
      return instruction.fetch && instruction.source.number === 10;
    default:
      return false;
  }
}

/** Where a jump or a call of a subprogram goes. */
export function targetSlot(slot: number, instruction: Instruction): number | undefined {
  switch (instruction.kind) {
    case 'jump':
    case 'branch':
    case 'mayGoto':
      return slot + 1 + instruction.offset;
    case 'call':
      return instruction.target === 'subprogram' ? slot + 1 + instruction.number : undefined;
    default:
      return undefined;
  }
}

function stepOf({ slot, instruction }: Placed, map: MachineMap | undefined): Step {
  const next = slot + 1;
  switch (instruction.kind) {
    case 'arithmetic':
      return arithmeticStep(instruction, next);
    case 'signExtend':
      return signExtendStep(instruction, next);
    case 'negate':
      return negateStep(instruction, next);
    case 'byteSwap':
      return byteSwapStep(instruction, next);
    case 'jump':
      return jumpStep(next + instruction.offset);
    case 'branch':
      return branchStep(instruction, next);
    case 'mayGoto':
      return mayGotoStep(instruction, next);
    case 'loadConstant':
      return constantStep(instruction, map, next + 1);
    case 'load':
      return loadStep(instruction, next);
    case 'store':
      return storeStep(instruction, next);
    case 'atomic':
      return atomicStep(instruction, next);
    case 'call':
      return callStep(instruction, next);
    case 'exit':
      return (cpu) => cpu.exit();
  }
}

function callStep(call: Instruction & { kind: 'call' }, next: number): Step {
  if (call.target === 'subprogram') return subprogramStep(next + call.number, next);
  if (call.number === TAIL_CALL) return tailCallStep(next);
  return helperStep(call.number, machineHelpers.get(call.number)!, next);
}
