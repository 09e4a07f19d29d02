import { s64, u64, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

export function fractions(ctx: XdpContext): XdpAction {
  const half = ctx.length * 1.5;
  const tiny: u8 = ctx.length & 0xff;
  const big = new Word({ value: 0x1_0000_0000 });
  return half > 3 ? 1 : big.value + tiny;
}
export function shifts(ctx: XdpContext): XdpAction {
  return ctx.length << 32;
}
export function negative(ctx: XdpContext): XdpAction {
  return ctx.length === -1 ? 1 : 2;
}
export function belowZero(ctx: XdpContext): XdpAction {
  let left = 20;
  while (left >= 0) left -= ctx.length;
  return 0 > left ? 1 : 2;
}
export function signs(ctx: XdpContext): XdpAction {
  return s64(ctx.length) / u64(ctx.length);
}
export function words(ctx: XdpContext): XdpAction {
  const name = ctx.length > 3 ? 'big' : 'small';
  const mixed = ctx.length > 3 ? true : 7;
  return XdpAction.Pass;
}
export function structsAsNumbers(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  return (word as unknown as number) + 1;
}
