import { ArrayMap, XdpAction, type XdpContext } from '@skep/ebpf';
import { Ipv4Header, Table, Word } from './headers.ts';

export const tables = new ArrayMap({ name: 'tables', value: Table, maxEntries: 2 });

/** The verifier forgets the range of a swapped value: a comparison must stay in the program. */
export function swappedOffset(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return XdpAction.Drop;
  const word = ctx.at(Word, ip.totalLength >>> 4);
  return word ? word.value : XdpAction.Drop;
}
export function swappedIndex(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  const table = tables.lookup(0);
  if (!ip || !table) return XdpAction.Drop;
  const index = ip.fragment >>> 12;
  if (index >= 16) return XdpAction.Aborted;
  return table.slots[index] + table.slots[ip.totalLength & 7];
}
