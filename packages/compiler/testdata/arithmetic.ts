import { s32, u16, u32, u64, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

/** u32 wraps at 32 bits; with u64 it becomes 64. */
export function widths(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return 0;
  const sum = word.value + 0xffffffff;
  const wide = u64(word.value) + 0xffffffff;
  return sum < 10 && wide > 0xffffffff ? 1 : 2;
}
export function division(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return 0;
  return word.value / 3 + (word.value % 7);
}
export function signed(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return 0;
  const value: s32 = s32(word.value) - 100;
  if (value < -50) return s32(value / 4) >>> 28;
  return (value >> 2) % 5;
}
export function bits(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return 0;
  const rotated = (word.value << 5) | (word.value >>> 27);
  return u16(~rotated ^ (rotated & 0xff00));
}
export function literals(ctx: XdpContext): XdpAction {
  const mask = 0xff << 24;
  const big = 0x1_0000_0000 + 5;
  const wide: u64 = u64(ctx.length) * 3;
  return wide > big ? mask : u32(1.5 * 1000);
}
