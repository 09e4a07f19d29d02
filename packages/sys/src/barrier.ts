/** Waiting for what runs inside the kernel on other CPUs. */
import { syscallResult } from './door.ts';

/** @source include/uapi/linux/membarrier.h */
const MEMBARRIER_CMD_GLOBAL = 1;
/** Where the kernel cannot say: longer than any packet's way. */
const PATIENCE_MILLISECONDS = 100;

/**
 * Waits until each CPU has left what it does now in the kernel, such as running a BPF program for a
 * packet: whatever runs then has seen all that was written before the call.
 *
 * @source membarrier(2): MEMBARRIER_CMD_GLOBAL is `synchronize_rcu`, where no CPU is `nohz_full`
 */
export function waitForGracePeriod(): void {
  if (Number(syscallResult('membarrier', MEMBARRIER_CMD_GLOBAL, 0, 0)) === 0) return;
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(nobody, 0, 0, PATIENCE_MILLISECONDS);
}
