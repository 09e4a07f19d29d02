import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Pair, Word } from './headers.ts';

/** @subprogram */
function walk(ctx: XdpContext, start: u32, wanted: u32): u32 {
  let at = start;
  for (let i = 0; i < 20; i++) {
    const option = ctx.at(Pair, at);
    if (!option) return 0;
    if (option.kind === wanted) return at;
    at += option.length;
  }
  return 0;
}
/** One copy for each struct that it is made for. @subprogram */
function has(ctx: XdpContext, header: typeof Word | typeof Pair, offset: u32): boolean {
  return ctx.at(header, offset) !== null;
}
export function search(ctx: XdpContext): XdpAction {
  if (!has(ctx, Word, 4) || !has(ctx, Pair, 8)) return XdpAction.Drop;
  const found = walk(ctx, 54, 2);
  return found + walk(ctx, 20, ctx.length);
}
