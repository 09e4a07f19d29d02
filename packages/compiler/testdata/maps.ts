import {
  ArrayMap, ArrayOfMaps, atomic, be32, HashMap, HashOfMaps, LpmTrie, LruHashMap, PerCpuArrayMap, PerCpuHashMap,
  Struct, u16, u32, u64, UpdateFlag, XdpAction, type XdpContext,
} from '@skep/ebpf';
import { Ipv4Header } from './headers.ts';

export class Prefix extends Struct({ prefixLength: u32, address: be32 }) {}
export class Counter extends Struct({ packets: atomic(u64), bytes: atomic(u64) }) {}
export const hash = new HashMap({ name: 'hash', key: u32, value: u16, maxEntries: 8 });
export const lru = new LruHashMap({ name: 'lru', key: Prefix, value: Counter, maxEntries: 8 });
export const trie = new LpmTrie({ name: 'trie', key: Prefix, value: u32, maxEntries: 8 });
export const list = new ArrayMap({ name: 'list', value: u64, maxEntries: 8 });
export const perCpu = new PerCpuArrayMap({ name: 'per_cpu', value: Counter, maxEntries: 8 });
export const perCpuHash = new PerCpuHashMap({ name: 'per_cpu_hash', key: u16, value: u64, maxEntries: 8 });
export const inner = new HashMap({ name: 'inner', key: u32, value: u32, maxEntries: 8 });
export const outer = new ArrayOfMaps({ name: 'outer', maxEntries: 4, inner });
export const named = new HashOfMaps({ name: 'named', key: u32, maxEntries: 4, inner });

export function tables(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return XdpAction.Drop;
  const found = trie.lookup({ prefixLength: 32, address: ip.source });
  if (!found) return XdpAction.Drop;
  const key = new Prefix({ prefixLength: 24, address: ip.destination });
  const counter = lru.lookup(key);
  if (counter) {
    counter.packets += 1;
    counter.bytes += ctx.length;
  } else {
    lru.update(key, { packets: 1, bytes: ctx.length }, UpdateFlag.NoExist);
  }
  hash.update(found.value, ip.identification);
  if (hash.delete(7) !== 0) return XdpAction.Pass;
  const cell = list.lookup(2);
  if (cell) cell.value = 5;
  const own = perCpu.lookup(found.value & 7);
  if (own) own.packets += 1;
  return perCpuHash.lookup(3) ? XdpAction.Pass : XdpAction.Transmit;
}
export function mapsInMaps(ctx: XdpContext): XdpAction {
  const map = outer.lookup(ctx.rxQueueIndex) ?? named.lookup(5);
  if (!map) return XdpAction.Drop;
  const value = map.lookup(4);
  if (value) return value.value;
  return map.update(4, 1) === 0 ? XdpAction.Pass : XdpAction.Drop;
}
