/** The tables of newcomers, as node makes them ready, reads and empties them. */
import { HashKey, Newcomer, NEWCOMERS_MAX, NewcomerQueue } from '@skep/contract';
import { codecOf, type MapDeclaration, u32 } from '@skep/ebpf';
import { hashKey, newcomerQueue, newcomers } from './maps.ts';

/** Rows of tables as bytes. */
export interface Rows {
  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined;
  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void;
}

const codec = codecOf(Newcomer);
const FIRST_ROW = codecOf(u32).encode(0);

/** A place of the queue where somebody is remembered. */
export interface QueuedNewcomer {
  /** The key of its table. */
  readonly place: Uint8Array;
  readonly newcomer: ReturnType<typeof codec.decode>;
}

/**
 * Makes the key of the hash that newcomers are found by, where there is none yet. It is kept as
 * long as the tables are: with another one, nobody in them would be found.
 */
export function ensureHashKey(rows: Rows): void {
  if (rows.lookup(hashKey, FIRST_ROW)?.some((byte) => byte !== 0)) return;
  rows.update(hashKey, FIRST_ROW, crypto.getRandomValues(new Uint8Array(HashKey.size)));
}

/** Who is remembered, in the order of their places. */
export function queuedNewcomers(rows: Rows): QueuedNewcomer[] {
  return usedPlaces(rows).flatMap((place) => {
    const newcomer = codec.decode(rows.lookup(newcomers, place)!);
    return newcomer.isTaken ? [{ place, newcomer }] : [];
  });
}

/** Nobody is remembered, and the first place is the next one; hints of it say nothing any more. */
export function emptyNewcomerQueue(rows: Rows): void {
  for (const place of usedPlaces(rows)) rows.update(newcomers, place, new Uint8Array(codec.size));
  rows.update(newcomerQueue, FIRST_ROW, new Uint8Array(NewcomerQueue.size));
}

/** The places that were ever taken: reading all of them would take much longer. */
function usedPlaces(rows: Rows): Uint8Array[] {
  const { next } = codecOf(NewcomerQueue).decode(rows.lookup(newcomerQueue, FIRST_ROW)!);
  const length = Math.min(next, NEWCOMERS_MAX);
  return Array.from({ length }, (_, place) => codecOf(u32).encode(place));
}
