import { ArrayMap, XdpAction, type XdpContext } from '@skep/ebpf';
import { Pair, Table } from './headers.ts';

export const tables = new ArrayMap({ name: 'tables', value: Table, maxEntries: 2 });

/** An index is bounded by its range, by a mask or by a comparison. */
export function indexes(ctx: XdpContext): XdpAction {
  const pair = ctx.at(Pair, 0);
  const table = tables.lookup(0);
  if (!pair || !table) return XdpAction.Drop;
  table.slots[3] = 9;
  table.slots[pair.kind & 15] += 1;
  table.slots[pair.length % 16]++;
  if (pair.length >= 16) return XdpAction.Pass;
  table.slots[pair.kind >>> 4] = table.slots[2] + 1;
  let sum = 0;
  for (let i = 0; i < table.slots.length; i++) sum += table.slots[i];
  for (let i = 0; i < 16 && i < table.count; i += 2) sum += table.slots[i];
  return sum;
}
