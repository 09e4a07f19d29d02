/** What batches and walks need of a map, of which `BpfMap` is one, and memory for many entries. */
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

/** Looks at one entry, in memory of which it knows where key and value are. */
export type EntryVisit = (view: DataView, keyOffset: number, valueOffset: number) => void;

/** Keys behind each other and then values behind each other, as batches have them. */
export interface Chunk {
  readonly capacity: number;
  readonly bytes: Uint8Array;
  keyOffset(index: number): number;
  valueOffset(index: number): number;
  /** In place. */
  key(index: number): Uint8Array;
  /** In place. */
  value(index: number): Uint8Array;
}

/** Memory for `capacity` entries of a map. */
export function newChunk(map: RawMap, capacity: number): Chunk {
  const { keySize } = map.shape;
  const valueSize = map.transferSize;
  // The kernel copies per-CPU values in units of 8 bytes.
  const values = Math.ceil((capacity * keySize) / 8) * 8;
  const bytes = new Uint8Array(values + capacity * valueSize);
  const keyOffset = (index: number) => index * keySize;
  const valueOffset = (index: number) => values + index * valueSize;
  return {
    capacity,
    bytes,
    keyOffset,
    valueOffset,
    key: (index) => bytes.subarray(keyOffset(index), keyOffset(index + 1)),
    value: (index) => bytes.subarray(valueOffset(index), valueOffset(index + 1)),
  };
}
