/** Steps that call. */
import type { LoadConstant } from '../../asm/instruction.ts';
import { TAIL_CALL } from '../../flow/flow-graph.ts';
import { type Cpu, type Step, SWITCHED } from '../cpu.ts';
import { StepFault } from '../fault.ts';
import type { MachineHelper } from '../helpers/helper.ts';
import { CodeRegion } from '../helpers/loops.ts';
import { mapIn } from '../helpers/maps.ts';
import { ProgramArrayMap } from '../maps/program-array.ts';

const TAIL_CALLS_MAX = 33;

/** The step of a call of a helper, which is counted. */
export function helperStep(number: number, { run }: MachineHelper, next: number): Step {
  return (cpu) => {
    cpu.countCall(number);
    run(cpu);
    cpu.loseArguments();
    return next;
  };
}

/** The step of a call of a function of the kernel. */
export function kernelFunctionStep(run: (cpu: Cpu) => void, next: number): Step {
  return (cpu) => {
    run(cpu);
    cpu.loseArguments();
    return next;
  };
}

/** The step that takes the address of a subprogram. */
export function codeStep({ destination, value }: LoadConstant, slot: number, next: number): Step {
  const region = new CodeRegion(slot + 1 + Number(value));
  return (cpu) => {
    cpu.setAddress(destination.number, region, 0);
    return next;
  };
}

/** The step of a call of a subprogram. */
export function subprogramStep(target: number, next: number): Step {
  return (cpu) => cpu.call(target, next);
}

/** Goes on with the next instruction where the slot is empty, or after too many tail calls. */
export function tailCallStep(next: number): Step {
  return (cpu) => {
    cpu.countCall(TAIL_CALL);
    if (cpu.regionOf(1) !== cpu.context.region) throw new StepFault('r1 holds no context');
    const map = mapIn(cpu, 2);
    if (!(map instanceof ProgramArrayMap)) {
      throw new StepFault(`map ${map.shape.name} is of kind ${map.shape.kind}, not programArray`);
    }
    const target = map.get(cpu.u32(3));
    if (!target || cpu.tailCalls >= TAIL_CALLS_MAX) {
      cpu.setNumber(0, 0);
      cpu.loseArguments();
      return next;
    }
    cpu.tailCalls++;
    cpu.loseArguments();
    cpu.enter(target);
    return SWITCHED;
  };
}
