/** From code to steps: what the kernel's verifier checks before it looks at any value. */
import type { Instruction } from '../asm/instruction.ts';
import { decodePlaced, type Placed } from '../asm/decode.ts';
import { helperName } from '../listing/helper-names.ts';
import type { ProgramObject } from '../object.ts';
import { programKind } from './context.ts';
import type { Step } from './cpu.ts';
import { MachineFault } from './fault.ts';
import { TAIL_CALL } from '../flow/flow-graph.ts';
import { formError } from '../flow/form.ts';
import { machineKernelFunctions } from './helpers/loops.ts';
import { machineHelpers } from './helpers/table.ts';
import type { MachineMap } from './maps/map.ts';
import { arithmeticStep, byteSwapStep, negateStep, signExtendStep } from './steps/arithmetic.ts';
import {
  codeStep,
  helperStep,
  kernelFunctionStep,
  subprogramStep,
  tailCallStep,
} from './steps/call.ts';
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
  const steps: Step[] = new Array(object.code.length / 8);
  const error = formError(placed);
  if (error) throw new MachineFault(object, error.slot, error.instruction, error.detail);
  for (const each of placed) {
    const detail = lack(object, each, references);
    if (detail) throw new MachineFault(object, each.slot, each.instruction, detail);
    const map = maps.get(references.get(each.slot) ?? '');
    steps[each.slot] = stepOf(object, each, map);
  }
  return steps;
}

/** What the machine has not that the instruction needs; `undefined` when it has all. */
function lack(
  object: ProgramObject,
  { slot, instruction }: Placed,
  references: ReadonlyMap<number, string>,
): string | undefined {
  if (instruction.kind === 'call') return callRefusal(object, slot, instruction);
  if (instruction.kind !== 'loadConstant' || instruction.from === 'value') return undefined;
  if (instruction.from === 'code') return undefined;
  const { from } = instruction;
  if (from !== 'mapByDescriptor' && from !== 'mapValueByDescriptor') {
    return `constants of kind ${instruction.from} have no meaning on the machine`;
  }
  return references.has(slot) ? undefined : 'no map reference for this slot';
}

function callRefusal(
  object: ProgramObject,
  slot: number,
  call: Instruction & { kind: 'call' },
): string | undefined {
  if (call.target === 'subprogram') return undefined;
  if (call.target === 'kernelFunction') {
    const name = kernelFunctionAt(object, slot) ?? 'without a name';
    const isKnown = machineKernelFunctions.has(name);
    return isKnown ? undefined : `the machine has no kernel function ${name}`;
  }
  if (call.number === TAIL_CALL) return undefined;
  const name = helperName(call.number) ?? 'unknown';
  const helper = machineHelpers.get(call.number);
  if (!helper) return `the machine has no helper ${call.number} (${name})`;
  const kind = programKind(object.programType)!;
  return helper.kinds.includes(kind) ? undefined : `helper ${name} is not for ${kind} programs`;
}

function stepOf(
  object: ProgramObject,
  { slot, instruction }: Placed,
  map: MachineMap | undefined,
): Step {
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
      if (instruction.from === 'code') return codeStep(instruction, slot, next + 1);
      return constantStep(instruction, map, next + 1);
    case 'load':
      return loadStep(instruction, next);
    case 'store':
      return storeStep(instruction, next);
    case 'atomic':
      return atomicStep(instruction, next);
    case 'call':
      return callStep(object, instruction, next);
    case 'exit':
      return (cpu) => cpu.exit();
  }
}

function kernelFunctionAt(object: ProgramObject, slot: number): string | undefined {
  return object.kernelFunctions?.find((each) => each.instruction === slot)?.name;
}

function callStep(object: ProgramObject, call: Instruction & { kind: 'call' }, next: number): Step {
  if (call.target === 'kernelFunction') {
    const name = kernelFunctionAt(object, next - 1)!;
    return kernelFunctionStep(machineKernelFunctions.get(name)!, next);
  }
  if (call.target === 'subprogram') return subprogramStep(next + call.number, next);
  if (call.number === TAIL_CALL) return tailCallStep(next);
  return helperStep(call.number, machineHelpers.get(call.number)!, next);
}
