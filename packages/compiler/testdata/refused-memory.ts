import { ArrayMap, array, atomic, fetchAdd, HashMap, RingBuffer, s32, Struct, u32, u64, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { Pair, Table, Word } from './headers.ts';

export class Huge extends Struct({ bytes: array(u8, 600) }) {}
export class Counter extends Struct({ packets: atomic(u64), other: u32 }) {}
export class Other extends Struct({ value: u32 }) {}
export const tables = new ArrayMap({ name: 'tables', value: Table, maxEntries: 1 });
export const counters = new ArrayMap({ name: 'counters', value: Counter, maxEntries: 1 });
export const words = new HashMap({ name: 'words', key: Word, value: u32, maxEntries: 1 });
export const ring = new RingBuffer({ name: 'ring', maxEntries: 4096 });

export function indexes(ctx: XdpContext): XdpAction {
  const table = tables.lookup(0);
  const pair = ctx.at(Pair, 0);
  if (!table || !pair) return XdpAction.Drop;
  table.slots[16] = 1;
  table.slots[pair.kind] = 1;
  if (pair.kind > 16) return XdpAction.Drop;
  table.slots[0] = table.slots[pair.kind % 5];
  return table.slots[pair.kind];
}
export function atomics(ctx: XdpContext): XdpAction {
  const counter = counters.lookup(0);
  if (!counter) return XdpAction.Drop;
  counter.packets *= 2;
  return (counter.packets += 1);
}
export function fetches(ctx: XdpContext): XdpAction {
  const counter = counters.lookup(0);
  if (!counter) return XdpAction.Drop;
  let local: u32 = 0;
  fetchAdd(counter.other, 1);
  fetchAdd(local, 1);
  return XdpAction.Pass;
}
export function unchecked(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  return word.value;
}
export function layouts(ctx: XdpContext): XdpAction {
  const huge = new Huge({});
  words.lookup(new Other({ value: 1 }));
  const table = tables.lookup(0);
  if (table) table.slots = [1, 2];
  ring.output({ value: 1 });
  ctx.length = 3;
  return XdpAction.Pass;
}
/** It may still be below zero. */
export function signedIndex(ctx: XdpContext): XdpAction {
  const table = tables.lookup(0);
  const pair = ctx.at(Pair, 0);
  if (!table || !pair) return XdpAction.Drop;
  const at = s32(pair.length);
  if (at < 16) table.slots[at] = 1;
  if (at >= 0 || at < 16) table.slots[at] = 1;
  if (at >= -1 && at < 16) table.slots[at] = 1;
  return XdpAction.Pass;
}
