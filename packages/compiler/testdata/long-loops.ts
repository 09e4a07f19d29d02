import { ArrayMap, array, HashMap, pullData, Struct, TcAction, type TcContext, u32, u64, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { Pair, Word } from './headers.ts';

export class Bytes extends Struct({ values: array(u8, 256) }) {}
export const table = new ArrayMap({ name: 'table', value: Bytes, maxEntries: 1 });
export const seen = new HashMap({ name: 'seen', key: u32, value: u64, maxEntries: 16 });

/** Nothing bounds it but the condition: the kernel's limit does. */
export function collatz(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  let value: u32 = word.value;
  let steps: u32 = 0;
  while (value !== 1) {
    value = (value & 1) === 1 ? value * 3 + 1 : value / 2;
    steps++;
  }
  return steps;
}
/** Views of the packet, and three ways out. The mask bounds what the verifier has to follow. */
export function walk(ctx: XdpContext): XdpAction {
  let at: u32 = 0;
  while (true) {
    const option = ctx.at(Pair, at);
    if (!option) return 1000 + at;
    if (option.kind === 0) break;
    if (option.kind === 9) return 2000 + at;
    at = (at + option.length) & 0xff;
  }
  return 3000 + at;
}
/** A long counted loop: the counter bounds the index. */
export function sum(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  const bytes = table.lookup(0);
  if (!word || !bytes) return XdpAction.Drop;
  for (let i = 0; i < 256; i++) bytes.values[i] = i * word.value;
  let total: u32 = 0;
  for (let i = 255; i >= 0; i--) total += bytes.values[255 - i & 255]!;
  return total;
}
/** Its end is known only to the packet; steps of three. */
export function steps(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  let total: u32 = 0;
  for (let i: u32 = 5; i < word.value; i += 3) {
    if (i === 11) continue;
    total += i;
  }
  return total;
}
/** Loops in loops, a call of a helper inside, and a value that is needed afterwards. */
export function nested(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  let found: u32 = 0;
  let last: u32 = 0;
  outer: for (let i: u32 = 1; i < word.value; i++) {
    seen.update(i & 15, i);
    for (let j: u32 = 1; j < 100; j++) {
      last = i * j;
      if (last === 1000) break outer;
      if (j > i) continue outer;
      found++;
    }
  }
  return found * 2000 + last;
}
/** A body that always leaves turns once. */
export function once(ctx: XdpContext): XdpAction {
  let n = ctx.length;
  while (n !== 3) {
    n += 7;
    break;
  }
  do {
    n++;
  } while (n % 100 !== 0);
  return n;
}
/** The counter itself is not used, and its end is not the kernel's. */
export function repeated(ctx: XdpContext): XdpAction {
  let n: u32 = ctx.length;
  for (let i = 0; i < 100; i++) n += n & 3;
  return n;
}
/** The packet may move in each turn: what was seen of it before is not used after it. */
export function pulls(ctx: TcContext): TcAction {
  const before = ctx.at(Word, 0);
  if (!before) return TcAction.Drop;
  let left = before.value;
  while (left !== 0) {
    pullData(ctx, 40);
    const word = ctx.at(Word, 4);
    if (!word) break;
    left = (left >>> 1) + word.value;
  }
  const after = ctx.at(Word, 8);
  return after ? (left + after.value + 5) as TcAction : TcAction.Drop;
}
/** The counter is what the kernel counts, and is asked for after the loop. */
export function leaves(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  for (let i: u32 = 0; i < 300; i++) {
    if (i * i >= word.value) return i > 50 ? i : 1000 + i;
  }
  return XdpAction.Pass;
}
/** How often something was found decides afterwards. */
export function tally(ctx: XdpContext): XdpAction {
  let at: u32 = ctx.length;
  let found: u32 = 0;
  while (at !== 1) {
    at = (at & 1) === 1 ? at * 3 + 1 : at / 2;
    if ((at & 7) === 5) found++;
  }
  return found > 3 ? 100 + found : found;
}
/** Two that are carried round together, one of them of 64 bits; the loop is left by one of them. */
export function races(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  let slow: u32 = word.value & 3;
  let fast: u64 = 7;
  for (let i: u32 = 0; i < word.value; i++) {
    const next: u64 = u64(slow) + 3;
    slow += 2;
    if ((i & 1) === 0) fast = fast + next;
    if (fast > 5000) break;
  }
  if (fast < 100) return u32(fast & 0xff);
  return slow > 40 ? 1000 + slow : slow;
}
/** A verdict that only loops decide is one of two: it stays known. */
export function settles(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  let verdict: u32 = 1;
  let left: u32 = word.value;
  while (left !== 0) {
    if ((left & 0xf0) === 0x30) verdict = 0;
    left = left >>> 3;
  }
  return verdict === 0 ? verdict + 10 : verdict + 19;
}
/** A count that begins anew in the loop, and an offset that only the loop bounds. */
export function longest(ctx: XdpContext): XdpAction {
  let at: u32 = 0;
  let run: u32 = 0;
  let most: u32 = 0;
  while (at < 1000) {
    const pair = ctx.at(Pair, at);
    if (!pair) break;
    if (pair.kind === 7) run++;
    else {
      if (run > most) most = run;
      run = 0;
    }
    at++;
  }
  return most > 16 ? most + 100 : most;
}
/** A count that is carried through a short loop and the long one inside it. */
export function kinds(ctx: XdpContext): XdpAction {
  let found: u32 = 0;
  for (let kind = 0; kind < 20; kind++) {
    for (let at: u32 = 0; at < ctx.length; at++) {
      const pair = ctx.at(Pair, at);
      if (!pair) break;
      if (pair.kind === kind) found++;
    }
  }
  return found > 3 ? 100 + found : found;
}
