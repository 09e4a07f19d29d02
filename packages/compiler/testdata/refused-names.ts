import { HashMap, u32, XdpAction, type XdpContext } from '@skep/ebpf';

export const first = new HashMap({ name: 'same', key: u32, value: u32, maxEntries: 4 });
export const second = new HashMap({ name: 'same', key: u32, value: u32, maxEntries: 8 });
export const third = new HashMap({ name: 'same', key: u32, value: u32, maxEntries: 4 });

export function twoMaps(ctx: XdpContext): XdpAction {
  first.update(1, ctx.length);
  second.update(1, ctx.length);
  return XdpAction.Pass;
}
/** They look alike, and would become one. */
export function twins(ctx: XdpContext): XdpAction {
  first.update(1, ctx.length);
  third.update(1, ctx.length);
  return XdpAction.Pass;
}
export function dice(ctx: XdpContext): XdpAction {
  return Math.random() > ctx.length ? XdpAction.Drop : XdpAction.Pass;
}
export function root(ctx: XdpContext): XdpAction {
  return Math.sqrt(ctx.length) > 8 ? XdpAction.Drop : XdpAction.Pass;
}
