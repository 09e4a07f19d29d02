import { constantTable, type u32, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export const step = 4;
export const digits = constantTable('digits', u8, [9, 8, 7, 6, 5, 4, 3, 2]);

/** What the packet says may be zero: nothing but the kernel's count of turns ends it for sure. */
export function options(ctx: XdpContext): XdpAction {
  let at: u32 = 0;
  let turns: u32 = 0;
  while (at < 60) {
    const word = ctx.at(Word, at);
    if (!word) break;
    at += word.value & 15;
    turns++;
  }
  return at * 100 + turns;
}
export function strides(ctx: XdpContext): XdpAction {
  let turns: u32 = 0;
  for (let i: u32 = 0; i < 20; i += ctx.length >> 4) turns++;
  return turns;
}
export function untilMoved(ctx: XdpContext): XdpAction {
  let at: u32 = 0;
  let turns: u32 = 0;
  do {
    const word = ctx.at(Word, at);
    if (!word) break;
    const size = word.value & 3;
    at += size;
    turns++;
  } while (at < 40 && turns < 1000);
  return at * 10000 + turns;
}
/** In steps that are known, the verifier may walk it. */
export function walked(ctx: XdpContext): XdpAction {
  let at: u32 = 0;
  let sum: u32 = 0;
  while (at < 40) {
    const word = ctx.at(Word, at);
    if (!word) break;
    sum += word.value;
    if (word.value === 7) at += step * 2;
    else at = at + step;
  }
  return sum;
}
/** The verifier knows less of it from turn to turn, and wants to know all of what it is an index of. */
export function picks(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Aborted;
  const stride: u32 = word.value & 0xffff;
  let at: u32 = stride;
  for (let left = stride; left !== 0; left >>>= 1) at -= stride;
  return digits[at & 7]!;
}
