/**
 * Newcomers: flows that are new, one-way or denied. They stand in a queue of `NEWCOMERS_MAX`, and
 * whoever comes takes the place of the one that came `NEWCOMERS_MAX` before.
 */
import { array, atomic, Struct, u32, u64 } from '@skep/ebpf';
import { Connection } from './connection.ts';
import { NEWCOMER_HINTS_PER_SET } from './limits.ts';
import { Tuple } from './tuple.ts';

/** One place of the queue, 128 bytes. */
export class Newcomer extends Struct({
  /**
   * Odd while somebody writes what a verdict is made of, and another number afterwards: whoever
   * reads finds the same even number before and behind.
   */
  version: atomic(u32),
  /** 0 where nobody is remembered. */
  isTaken: u32,
  tuple: Tuple,
  connection: Connection,
}) {}

/** Where the queue ends: the one row of its table. */
export class NewcomerQueue extends Struct({
  /** How many have come; the next one's place is this, modulo `NEWCOMERS_MAX`. */
  next: atomic(u32),
}) {}

/**
 * Where the newcomers may be whose tuples have the same hash: 64 bytes, so that asking for a flow
 * that is not there touches one line of memory. In each hint the lower 16 bits are a place of the
 * queue, the upper ones more of the hash. A hint is no promise: the place itself says who is there.
 */
export class NewcomerHints extends Struct({
  /** The hint that gives way next. */
  next: u32,
  hints: array(u32, NEWCOMER_HINTS_PER_SET),
}) {}

/**
 * What makes the hash of a tuple one that nobody outside can compute: random numbers, made once
 * and kept as long as the tables.
 */
export class HashKey extends Struct({ words: array(u64, 13) }) {}
