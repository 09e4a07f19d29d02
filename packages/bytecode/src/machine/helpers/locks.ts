/** Locks: a run of the machine is alone, so that taking one always succeeds. */
import type { Cpu } from '../cpu.ts';
import { StepFault } from '../fault.ts';
import { forAll, type MachineHelper } from './helper.ts';

const LOCK_BYTES = 4;

/** Sets the lock's word from one state to the other. */
function turn(from: number, to: number, problem: string): MachineHelper {
  return forAll((cpu: Cpu) => {
    const bytes = cpu.bytes(1, LOCK_BYTES, true);
    const word = new DataView(bytes.buffer, bytes.byteOffset, LOCK_BYTES);
    if (word.getUint32(0, true) !== from) throw new StepFault(problem);
    word.setUint32(0, to, true);
    return 0;
  });
}

/** By number. */
export const lockHelpers: readonly (readonly [number, MachineHelper])[] = [
  [93, turn(0, 1, 'a lock is taken that is held already')],
  [94, turn(1, 0, 'a lock is released that is not held')],
];
