/** Printing: the machine has nowhere to print to. @source kernel/trace/bpf_trace.c */
import { Errno } from '../errno.ts';
import { forAll, type MachineHelper } from './helper.ts';

/** By number. */
export const traceHelpers: readonly (readonly [number, MachineHelper])[] = [
  [
    6,
    forAll((cpu) => {
      const format = cpu.bytes(1, cpu.u32(2));
      return format.at(-1) === 0 ? format.length - 1 : -Errno.EINVAL;
    }),
  ],
];
