import { ArrayMap, array, atomic, be32, bytes, fetchAdd, HashMap, loadBytes, PerCpuArrayMap, pullData, RingBuffer, type SocketFilterContext, SpinLock, Struct, TcAction, type TcContext, u32, u64, u8, Union, withLock, XdpAction, type XdpContext } from '@skep/ebpf';
import { Pair, Table, Word } from './headers.ts';

// --- SKEP3001 SKEP3002
export const tables = new ArrayMap({ name: 'tables', value: Table, maxEntries: 1 });

export function indexed(ctx: XdpContext): XdpAction {
  const table = tables.lookup(0);
  const pair = ctx.at(Pair, 0);
  if (!table || !pair) return XdpAction.Drop;
  const slot = pair.kind;
  if (slot >= 16) return XdpAction.Drop;
  return table.slots[slot]! + table.slots[pair.length & 15]! + table.slots[15]!;
}
// --- SKEP3003
export class Counter extends Struct({ packets: atomic(u64), plain: u64 }) {}
export const counters = new ArrayMap({ name: 'counters', value: Counter, maxEntries: 1 });

export function counted(ctx: XdpContext): XdpAction {
  const counter = counters.lookup(0);
  if (!counter) return XdpAction.Drop;
  counter.packets += 1;
  counter.plain *= 2;
  return XdpAction.Pass;
}
// --- SKEP3017
export function numbered(): XdpAction {
  const counter = counters.lookup(0);
  if (!counter) return XdpAction.Drop;
  const ticket = fetchAdd(counter.packets, 1);
  return ticket % 2 === 0 ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP3004
export function pulled(ctx: TcContext): TcAction {
  pullData(ctx, 100);
  const word = ctx.at(Word, 0);
  return word && word.value === 7 ? TcAction.Drop : TcAction.Pass;
}
// --- SKEP3005
export function tested(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  return word.value;
}
// --- SKEP3006 SKEP3009
export function marked(ctx: TcContext): TcAction {
  let mark: u32 = 1;
  if (ctx.length > 100) mark = 2;
  ctx.mark = mark;
  return TcAction.Pass;
}
// --- SKEP3007 SKEP3008 SKEP3010
export class Key extends Struct({ value: u32 }) {}
export const words = new HashMap({ name: 'words', key: Key, value: u32, maxEntries: 1 });

export function found(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  return words.lookup(new Key({ value: word.value }))?.value ?? XdpAction.Pass;
}
// --- SKEP3011
export class Four extends Struct({ values: array(u8, 4) }) {}

export function four(ctx: XdpContext): XdpAction {
  const made = new Four({ values: [1, 2, 3, 4] });
  return made.values[ctx.length & 3]!;
}
// --- SKEP3012
export class Huge extends Struct({ bytes: array(u8, 600) }) {}
export const scratch = new PerCpuArrayMap({ name: 'scratch', value: Huge, maxEntries: 1 });

export function scratched(ctx: XdpContext): XdpAction {
  const huge = scratch.lookup(0);
  if (!huge) return XdpAction.Drop;
  huge.bytes[599] = ctx.length & 0xff;
  return huge.bytes[599]!;
}
// --- SKEP3013
export class Address extends Union({ ipv4: be32, ipv6: bytes(16) }) {}

export function address(ctx: XdpContext): XdpAction {
  const made = new Address({ ipv4: 0x7f000001 });
  return made.ipv6[0]! + ctx.length;
}
// --- SKEP3014
export function loaded(ctx: SocketFilterContext): u32 {
  const word = new Word({});
  return loadBytes(ctx, 8, word, Word.size) < 0 ? 0 : word.value;
}
// --- SKEP3015
export class Guarded extends Struct({ lock: SpinLock, packets: u32 }) {}
export const guarded = new ArrayMap({ name: 'guarded', value: Guarded, maxEntries: 1 });

export function guardedCount(ctx: XdpContext): XdpAction {
  const entry = guarded.lookup(0);
  if (!entry) return XdpAction.Drop;
  withLock(entry, () => {
    entry.packets += 1;
  });
  return XdpAction.Pass;
}
// --- SKEP3016
export const events = new RingBuffer({ name: 'events', maxEntries: 4096 });

export function reported(ctx: XdpContext): XdpAction {
  const event = events.reserve(Word);
  if (!event) return XdpAction.Drop;
  event.value = ctx.length;
  if (event.value > 100) events.submit(event);
  else events.discard(event);
  return XdpAction.Pass;
}
