/** Locks in map values. */
import { u32 } from './integers.ts';
import { Struct } from './struct.ts';

/**
 * A lock in the value of a hash or array map, which must be a struct and has at most one.
 *
 * @alias struct bpf_spin_lock
 */
export class SpinLock extends Struct({ val: u32 }) {
  /** What the kernel calls the type: it finds the lock by it. */
  static readonly kernelName = 'bpf_spin_lock';
}

/**
 * Runs the body while no other CPU holds the entry's lock, and returns what it returns. The body
 * may read and write memory; it can call no helper and no map method.
 *
 * @example withLock(bucket, () => { bucket.tokens -= 1; });
 */
export function withLock<T>(_entry: object, _body: () => T): T {
  throw new Error('withLock runs in the kernel only');
}
