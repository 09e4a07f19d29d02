import { HashMap, u32, XdpAction, type Connect4Context, type XdpContext } from '@skep/ebpf';

export const seen = new HashMap({ name: 'seen', key: u32, value: u32, maxEntries: 4 });

/** True is 1, which is XDP_DROP. */
export function truth(ctx: XdpContext): boolean {
  return ctx.length > 100;
}
export function inferred(ctx: Connect4Context) {
  return ctx.userPort === 80;
}
export function twoParameters(ctx: XdpContext, limit: u32): XdpAction {
  return ctx.length > limit ? XdpAction.Drop : XdpAction.Pass;
}
/** What a program of the module calls is no program. */
export function isSeen(ctx: XdpContext, port: u32): boolean {
  return ctx.length > 60 && seen.lookup(port) !== null;
}
export function fine(ctx: XdpContext): XdpAction {
  return isSeen(ctx, 80) ? XdpAction.Drop : XdpAction.Pass;
}
