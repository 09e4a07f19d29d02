import { ArrayMap, atomic, compareExchange, exchange, fetchAdd, fetchAnd, fetchOr, fetchXor, s64, Struct, u32, u64, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Shared extends Struct({ next: atomic(u32), state: atomic(u32), sum: atomic(s64), plain: u64 }) {}
export const shared = new ArrayMap({ name: 'shared', value: Shared, maxEntries: 1 });

/** What each gives back is what was there. */
export function fetches(ctx: XdpContext): XdpAction {
  const entry = shared.lookup(0);
  const word = ctx.at(Word, 0);
  if (!entry || !word) return XdpAction.Drop;
  const first = fetchAdd(entry.next, 3);
  const second = fetchAdd(entry.next, -1);
  const third = fetchOr(entry.state, word.value);
  const fourth = fetchAnd(entry.state, 0xf0);
  const fifth = fetchXor(entry.state, 0xff);
  entry.sum = 40;
  const sixth = exchange(entry.sum, -2);
  return first + second * 10 + third + fourth + fifth + (sixth as u32);
}
/** Written only where the expected value is found. */
export function compared(ctx: XdpContext): XdpAction {
  const entry = shared.lookup(0);
  const word = ctx.at(Word, 0);
  if (!entry || !word) return XdpAction.Drop;
  const isFirst = compareExchange(entry.state, 0, word.value) === 0;
  const other = compareExchange(entry.state, 1, 2);
  return (isFirst ? 100 : 0) + other + compareExchange(entry.sum, 0, 7) + entry.sum;
}
/** Each read of an atomic field is one, and what stands beside it is read anew. */
export function readTwice(ctx: XdpContext): XdpAction {
  const entry = shared.lookup(0);
  if (!entry || ctx.length === 0) return XdpAction.Drop;
  const before = entry.state;
  const plain = entry.plain as u32;
  if (before !== entry.state) return XdpAction.Drop;
  entry.state = 1;
  entry.state = 0;
  return plain + (entry.plain as u32);
}
