import { ArrayMap, array, Struct, u32, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export class Bytes extends Struct({ values: array(u8, 1024) }) {}
export const table = new ArrayMap({ name: 'table', value: Bytes, maxEntries: 1 });

/** Loops in a loop, with ways out that need much, each of them something else. */
export function records(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  const bytes = table.lookup(0);
  if (!word || !bytes) return XdpAction.Drop;
  const least = word.value & 7;
  const most = word.value & 0xfff;
  const wanted = word.value >>> 16;
  const limit = word.value >>> 24;
  let at: u32 = (word.value >>> 4) & 1023;
  for (let i = 0; i < 16; i++) bytes.values[(at + i) & 1023] = (word.value >>> i) & 0xff;
  let sum: u32 = least;
  let last: u32 = most;
  while (at !== 1000) {
    const kind: u32 = bytes.values[at & 1023]! ^ wanted;
    const before = at * 3;
    const length: u32 = bytes.values[(at + 1) & 1023]!;
    const own = length * most + kind;
    if (kind === 255) return 1000 + at + sum + length + before;
    let left: u32 = length;
    let mixed: u32 = own;
    let low: u32 = kind;
    while (left !== 0) {
      const option: u32 = bytes.values[at & 1023]! + kind;
      const both = mixed ^ option;
      const even = both * low;
      if (option === limit) return 2000 + both + own + kind + before;
      if (both === 211) return 3000 + even + left + length + option;
      if (even === wanted) return 4000 + low + both + mixed + least;
      if (option > 300) return 5000 + mixed * even + at + sum;
      mixed = mixed * 31 + option;
      low = low + even + own;
      at = (at + 1) & 1023;
      left--;
    }
    if (mixed === limit) return 6000 + sum + before + left + low;
    last += mixed - before + low;
    sum += own;
  }
  return at + sum * 5 + last * 11;
}
/** Messages of records of options: three levels, and each is left for any of those around it. */
export function messages(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  const bytes = table.lookup(0);
  if (!word || !bytes) return XdpAction.Drop;
  const least = word.value & 7;
  const most = word.value & 0xfff;
  const wanted = word.value >>> 16;
  const limit = word.value >>> 24;
  let at: u32 = (word.value >>> 4) & 1023;
  for (let i = 0; i < 16; i++) bytes.values[(at + i) & 1023] = (word.value >>> i) & 0xff;
  let sum: u32 = least;
  let last: u32 = most;
  message: while (at !== 1000) {
    const kind: u32 = bytes.values[at & 1023]! ^ wanted;
    at = (at + 1) & 1023;
    if (kind === 255) return 1000 + at + sum;
    let depth: u32 = kind + least;
    record: while (depth !== 0) {
      const length: u32 = bytes.values[at & 1023]!;
      const own = length * most + depth;
      at = (at + 3) & 1023;
      if (length === 200) return 2000 + own + sum + last;
      const before = at;
      let left: u32 = length;
      let mixed: u32 = own;
      let low: u32 = kind;
      while (left !== 0) {
        const option: u32 = bytes.values[at & 1023]! + kind;
        mixed = mixed * 31 + option;
        at = (at + 1) & 1023;
        left--;
        if (option === limit) return 3000 + mixed + own + kind + wanted + before;
        if (option === 211) return 4000 + low + left + length + depth;
        if (option < low) low = option;
        if (option === 212) {
          sum += mixed;
          continue record;
        }
        if (option === 213) break message;
        sum += own;
      }
      depth = depth >>> 1;
      last += mixed - before + low;
    }
  }
  return at + sum * 5 + last * 11;
}
