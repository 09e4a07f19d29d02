/**
 * What the random programs of this folder are about: every module that they stand in imports it,
 * and engines make maps of it. Structs with every kind of field; a map of every kind whose answers
 * a model can know.
 */
import { array, atomic, be16, be32, be64, bool, bytes } from '@skep/ebpf';
import { HashMap, LpmTrie, LruHashMap, type MapDeclaration, PerCpuHashMap } from '@skep/ebpf';
import { ArrayMap, ArrayOfMaps, HashOfMaps, PerCpuArrayMap, ProgramArray } from '@skep/ebpf';
import { constantTable, Queue, RingBuffer, SpinLock, Stack, variables } from '@skep/ebpf';
import { compareExchange, exchange, fetchAdd, fetchAnd, fetchOr, fetchXor } from '@skep/ebpf';
import { s32, s64, Struct, u16, u32, u64, u8, Union, UpdateFlag, withLock } from '@skep/ebpf';
import { XdpAction, XdpContext } from '@skep/ebpf';

export { compareExchange, exchange, fetchAdd, fetchAnd, fetchOr, fetchXor };
export { s32, s64, u16, u32, u64, u8, UpdateFlag, withLock, XdpAction, XdpContext };

/** The length of every packet. */
export const PACKET_BYTES = 96;

/** Also a key. */
export class Pair extends Struct({ low: u16, high: be16 }) {}
/** Several readings of the same bytes. */
export class Choice extends Union({ word: be32, halves: Pair, octets: bytes(8), wide: u64 }) {}
/** In the packet. */
export class Head extends Struct({
  kind: u8,
  flags: u8,
  port: be16,
  address: be32,
  wide: u64,
  big: be64,
  signed: s32,
  pair: Pair,
  tags: array(u16, 4),
}) {}
/** In the packet, at any place. */
export class Option extends Struct({ kind: u8, size: be16, count: u32 }, { packed: true }) {}
/** In maps and on the stack. */
export class Cell extends Struct({
  hits: atomic(u64),
  word: u32,
  port: be16,
  small: u8,
  isOpen: bool,
  choice: Choice,
  tags: array(u16, 4),
  pairs: array(Pair, 2),
  far: s64,
  near: s32,
  turns: atomic(u32),
}) {}
/** With a lock. */
export class Locked extends Struct({ lock: SpinLock, tokens: u32, sum: u64, near: s32 }) {}
/** The key of a trie. */
export class Prefix extends Struct({ prefixLength: u32, address: be32 }) {}

/** Every index has an entry. */
export const cells = new ArrayMap({ name: 'cells', value: Cell, maxEntries: 5 });
/** Too small for all keys. */
export const table = new HashMap({ name: 'table', key: u32, value: Cell, maxEntries: 6 });
/** Large enough to forget nothing. */
export const pairs = new LruHashMap({ name: 'pairs', key: Pair, value: u64, maxEntries: 4096 });
/** Integers, one for each CPU. */
export const counts = new PerCpuArrayMap({ name: 'counts', value: u64, maxEntries: 5 });
/** Structs, one for each CPU. */
export const shares = new PerCpuHashMap({ name: 'shares', key: u16, value: Cell, maxEntries: 6 });
/** By the longest prefix. */
export const prefixes = new LpmTrie({ name: 'prefixes', key: Prefix, value: u32, maxEntries: 8 });
/** Entries with locks. */
export const locked = new HashMap({ name: 'locked', key: u32, value: Locked, maxEntries: 8 });
/** What maps of maps hold. */
export const inner = new HashMap({ name: 'inner', key: u32, value: u32, maxEntries: 4 });
/** By index. */
export const slots = new ArrayOfMaps({ name: 'slots', maxEntries: 4, inner });
/** By key. */
export const named = new HashOfMaps({ name: 'named', key: u32, maxEntries: 4, inner });
/** First in, first out. */
export const jobs = new Queue({ name: 'jobs', value: Pair, maxEntries: 3 });
/** Last in, first out. */
export const marks = new Stack({ name: 'marks', value: u32, maxEntries: 3 });
/** Records. */
export const events = new RingBuffer({ name: 'events', maxEntries: 1 << 14 });
/** Where tail calls lead. */
export const programs = new ProgramArray({ name: 'programs', maxEntries: 4 });
/** Addressed without a lookup. */
export const state = variables({
  name: 'state',
  fields: { total: atomic(u64), last: u32, isOpen: bool, port: be16, recent: array(u32, 4) },
});
/** Words that never change. */
export const SQUARES = constantTable('squares', u32, [0, 1, 4, 9, 16, 0xffff_ffff, 7, 8]);
/** Bytes that never change. */
export const BYTES = constantTable('bytes', u8, [9, 8, 7, 0, 255, 128, 127, 1]);
/** Known when compiling. */
export const PORTS = [22, 80, 443];

/** All of them, by their names. */
export const declarations = {
  ...{ cells, table, pairs, counts, shares, prefixes, locked, slots, named },
  ...{ jobs, marks, events, programs, state, SQUARES, BYTES },
} satisfies Readonly<Record<string, MapDeclaration>>;

/** The slot of `programs` that leads to `finisher`. */
export const FINISHER_SLOT = 1;
/** What `finisher` answers. */
export const FINISHER_RESULT = 77 as number;

/** Where tail calls lead. */
export function finisher(ctx: XdpContext): XdpAction {
  const option = ctx.at(Option, 80);
  if (option) option.count += 1;
  return FINISHER_RESULT;
}
