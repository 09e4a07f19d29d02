import { type s32, u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Pair, Word } from './headers.ts';

/** Verified once, whatever it is called with. @global */
function find(ctx: XdpContext, start: u32, wanted: u32): u32 {
  let at: u32 = start & 0xff;
  for (let i = 0; i < 20; i++) {
    const pair = ctx.at(Pair, at);
    if (!pair) return 0;
    if (pair.kind === wanted) return at;
    at += pair.length;
  }
  return 0;
}
/** @global */
function negated(value: s32): s32 {
  return -value;
}
export function both(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  return find(ctx, 0, 9) * 100 + find(ctx, word.value, 7) + negated(-2 as s32) + negated(ctx.length as s32);
}
