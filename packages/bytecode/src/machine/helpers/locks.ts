/** Locks: a run of the machine is alone, so that taking one always succeeds. */
import { type Cpu, SPIN_LOCK, SPIN_UNLOCK } from '../cpu.ts';
import { StepFault } from '../fault.ts';
import { forAll, type MachineHelper } from './helper.ts';

const LOCK_BYTES = 4;

/** Sets the lock's word from one state to the other. */
function turn(from: number, to: number, problem: string): MachineHelper {
  return forAll((cpu: Cpu) => {
    const { bytes } = cpu.locate(1, LOCK_BYTES, true);
    const at = cpu.memory.offset;
    const isState = bytes[at] === from && (bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) === 0;
    if (!isState) throw new StepFault(problem);
    bytes[at] = to;
    return 0;
  });
}

/** By number. */
export const lockHelpers: readonly (readonly [number, MachineHelper])[] = [
  [SPIN_LOCK, turn(0, 1, 'a lock is taken that is held already')],
  [SPIN_UNLOCK, turn(1, 0, 'a lock is released that is not held')],
];
