import { u32, XdpAction, type XdpContext } from '@skep/ebpf';

export const SLOTS = Math.max(3, 2 ** 4);

export function extremes(ctx: XdpContext): XdpAction {
  const small = Math.min(ctx.length, SLOTS);
  return Math.max(small, 3) + Math.imul(ctx.length, 0x9e3779b1) + u32(Math.floor(7 / 2));
}
