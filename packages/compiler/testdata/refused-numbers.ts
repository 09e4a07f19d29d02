import { u64, XdpAction, type XdpContext } from '@skep/ebpf';

export const ROUNDED = 9007199254740993;

export function literal(ctx: XdpContext): XdpAction {
  const sum: u64 = u64(ctx.length) + 9_007_199_254_740_993;
  return u64(ctx.length) > 0x20000000000001 ? XdpAction.Drop : XdpAction.Pass;
}
export function constant(ctx: XdpContext): XdpAction {
  return u64(ctx.length) > ROUNDED ? XdpAction.Drop : XdpAction.Pass;
}
