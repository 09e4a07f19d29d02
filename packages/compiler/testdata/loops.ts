import { u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Pair, Word } from './headers.ts';

/** At most 16 turns are unrolled. */
export function unrolled(ctx: XdpContext): XdpAction {
  let sum: u32 = 0;
  for (let i = 0; i < 3; i++) {
    const word = ctx.at(Word, i * 4);
    if (!word) break;
    if (word.value === 0) continue;
    sum += word.value << i;
  }
  return sum;
}
export function options(ctx: XdpContext): XdpAction {
  let at: u32 = 54;
  for (let i = 0; i < 20; i++) {
    const option = ctx.at(Pair, at);
    if (!option || option.kind === 0) return XdpAction.Drop;
    if (option.kind === 2) return XdpAction.Pass;
    at += option.kind === 1 ? 1 : option.length;
  }
  return XdpAction.Aborted;
}
export function whileLoop(ctx: XdpContext): XdpAction {
  let n = 0;
  let value: u32 = ctx.length;
  while (n < 12 && value !== 1) {
    value = value / 2;
    n++;
  }
  do {
    n++;
  } while (n < 20);
  return n;
}
export function nested(ctx: XdpContext): XdpAction {
  let found: u32 = 0;
  outer: for (let i = 0; i < 18; i++) {
    for (let j = 0; j < 18; j++) {
      if (i * j === ctx.length) {
        found = i;
        break outer;
      }
      if (j > i) continue outer;
    }
  }
  return found;
}
