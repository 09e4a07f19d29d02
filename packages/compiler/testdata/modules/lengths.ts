import type { u32, XdpContext } from '@skep/ebpf';

/** For programs of other modules. */
export function isLonger(ctx: XdpContext, limit: u32): boolean {
  return ctx.length > limit;
}
