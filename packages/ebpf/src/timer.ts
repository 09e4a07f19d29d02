/** Timers in map values. */
import { u64 } from './integers.ts';
import type { Entry, KeyLayout, MapDeclaration, ValueLayout } from './maps/declaration.ts';
import { array, Struct } from './struct.ts';

/**
 * A timer in the value of a hash, LRU hash or array map, which must be a struct and has at most
 * one. It ends with its entry.
 *
 * @alias struct bpf_timer
 * @since Linux 5.15
 */
export class Timer extends Struct({ __opaque: array(u64, 2) }) {
  /** What the kernel calls the type: it finds the timer by it. */
  static readonly kernelName = 'bpf_timer';
}

/**
 * Runs the function once, so many nanoseconds from now, with the entry and its key; starting it
 * again sets it anew. The function may start it again itself.
 *
 * @returns 0, or a negative errno
 * @example startTimer(flows, entry, 1_000_000_000, expire);
 */
export function startTimer<K extends KeyLayout, V extends ValueLayout>(
  _map: MapDeclaration<K, V>,
  _entry: Entry<V>,
  _nanoseconds: number,
  _callback: (entry: Entry<V>, key: Entry<K>) => void,
): number {
  throw new Error('startTimer runs in the kernel only');
}
