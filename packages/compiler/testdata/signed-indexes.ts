import { ArrayMap, s32, s64, type u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Table, Word } from './headers.ts';

export const tables = new ArrayMap({ name: 'tables', value: Table, maxEntries: 1 });

/** A signed index is inside where two comparisons say so, in either order and either way round. */
export function both(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  const table = tables.lookup(0);
  if (!word || !table) return XdpAction.Drop;
  const at = s32(word.value);
  table.slots[3] = 33;
  if (at >= 0 && at < 16) return table.slots[at] + 100;
  let result: u32 = 8;
  if (at > -20 && -1 > at) result = 7;
  return result;
}
export function wide(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  const table = tables.lookup(0);
  if (!word || !table) return XdpAction.Drop;
  const at = s64(s32(word.value));
  table.slots[15] = 55;
  const outside: u32 = 9;
  if (16 <= at || 0 > at) return outside;
  return table.slots[at] + 100;
}
/** Counted in a loop. */
export function counted(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  const table = tables.lookup(0);
  if (!word || !table) return XdpAction.Drop;
  let at: s32 = -2;
  let left: u32 = word.value;
  while (left !== 0) {
    if (at >= 0 && at <= 15) table.slots[at] = left;
    left = left >>> 1;
    at++;
  }
  return table.slots[0] * 100 + at;
}
