import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export const LONG = Array.from({ length: 100 }, (_, index) => index);

/** tsc thinks that it never ends; the kernel ends it by its turns, or by time. */
export function endless(ctx: XdpContext): XdpAction {
  let n: u32 = ctx.length;
  while (true) {
    n++;
    if (n === 7) return XdpAction.Pass;
  }
}
export function long(ctx: XdpContext): XdpAction {
  for (const each of LONG) if (each === ctx.length) return XdpAction.Drop;
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  for (const each of [word.value]) return each;
  return XdpAction.Pass;
}
export function many(ctx: XdpContext): XdpAction {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < 10_000_000; i++) sum += ctx.length;
  return sum;
}
