/** Records from programs to node. */
import type { StructOf } from '../struct.ts';
import type { MapOptions } from './declaration.ts';
import { MapDeclaration } from './declaration.ts';
import { kernelOnly } from './kernel-only.ts';

/** Flags of `RingBuffer.submit` and `output`. @source include/uapi/linux/bpf.h */
export enum WakeUp {
  /** Wake the reader when it has caught up (the kernel's own choice). */
  Adaptive = 0,
  No = 1,
  Force = 2,
}

/**
 * Records from programs to node, in order, shared by all CPUs. @alias BPF_MAP_TYPE_RINGBUF @since
 * Linux 5.8
 */
export class RingBuffer extends MapDeclaration<null, null> {
  readonly kind = 'ringBuffer';
  /** `maxEntries` is the size in bytes: a power of two and a multiple of the page size. */
  constructor(options: MapOptions) {
    super(null, null, options);
  }
  /**
   * Room for one record, to be filled and then submitted or discarded on every path; `null` when
   * full.
   */
  reserve<T extends object>(_record: StructOf<T>): T | null {
    return kernelOnly();
  }
  submit(_record: object, _wakeUp?: WakeUp): void {
    kernelOnly();
  }
  discard(_record: object, _wakeUp?: WakeUp): void {
    kernelOnly();
  }
  /** Copies one record. 0, or -EAGAIN when full. */
  output(_record: object, _wakeUp?: WakeUp): number {
    return kernelOnly();
  }
}
