import { HashMap, LruHashMap, Struct, u32, u64, XdpAction, type XdpContext } from '@skep/ebpf';

export class Entry extends Struct({ count: u64, owner: u32 }) {}
export const hot = new LruHashMap({ name: 'hot', key: u32, value: Entry, maxEntries: 8 });
export const cold = new HashMap({ name: 'cold', key: u32, value: Entry, maxEntries: 8 });

function find(key: u32): Entry | null {
  const entry = hot.lookup(key);
  if (entry) return entry;
  return cold.lookup(key);
}
export function choose(ctx: XdpContext): XdpAction {
  let entry = find(ctx.length);
  if (!entry) {
    entry = hot.lookup(0);
    if (!entry) return XdpAction.Drop;
  }
  const target = entry.count > 5 ? entry : new Entry({ count: 1 });
  target.owner = 3;
  let last: Entry | null = null;
  for (let i = 0; i < 4; i++) {
    const next = cold.lookup(i);
    if (next) last = next;
  }
  return (last?.owner ?? 0) + target.owner;
}
