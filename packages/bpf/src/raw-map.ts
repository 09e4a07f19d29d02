/** What batches and walks need of a map; `BpfMap` is one. */
import type { MapShape } from '@skep/bytecode';
import type { UpdateFlag } from '@skep/ebpf';
import type { Fd } from '@skep/sys';

/** A map of bytes. */
export interface RawMap {
  readonly fd: Fd<'map'>;
  readonly name: string;
  readonly shape: MapShape;
  /** Bytes of a value in lookups and updates: for per-CPU maps those of all CPUs. */
  readonly transferSize: number;
  lookup(key: Uint8Array): Uint8Array | undefined;
  update(key: Uint8Array, value: Uint8Array, flag?: UpdateFlag): void;
  delete(key: Uint8Array): boolean;
  nextKey(key: Uint8Array | null): Uint8Array | undefined;
  checkKey(key: Uint8Array): void;
  checkValue(value: Uint8Array): void;
}

/** One key with its value, both of the map's sizes. */
export type RawEntry = readonly [key: Uint8Array, value: Uint8Array];
