/** What a helper of the machine is. */
import type { ProgramKind } from '../context.ts';
import type { Cpu } from '../cpu.ts';

/** Takes its arguments from r1 to r5, leaves its result in r0. */
export type HelperAction = (cpu: Cpu) => void;

/** One helper, as the machine performs it. */
export interface MachineHelper {
  /** Which programs may call it. */
  readonly kinds: readonly ProgramKind[];
  readonly run: HelperAction;
  /** Its result alone, where that is a number of at most 53 bits: cheaper for generated code. */
  readonly answer?: (cpu: Cpu) => number;
}

function answering(kinds: readonly ProgramKind[], answer: (cpu: Cpu) => number): MachineHelper {
  return { kinds, answer, run: (cpu) => cpu.setNumber(0, answer(cpu)) };
}

/** A helper of all programs whose result is a number of at most 53 bits, or a negative one. */
export function forAll(answer: (cpu: Cpu) => number): MachineHelper {
  return answering(['xdp', 'tc'], answer);
}

/** As `forAll`, for TC programs only. */
export function forTc(answer: (cpu: Cpu) => number): MachineHelper {
  return answering(['tc'], answer);
}

/** As `forAll`, for XDP programs only. */
export function forXdp(answer: (cpu: Cpu) => number): MachineHelper {
  return answering(['xdp'], answer);
}
