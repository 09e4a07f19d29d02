import { ArrayMap, bool, Struct, u32, XdpAction, type XdpContext } from '@skep/ebpf';

export class Flags extends Struct({ open: bool, seen: bool, count: u32 }) {}
export const flags = new ArrayMap({ name: 'flags', value: Flags, maxEntries: 1 });

function isBig(ctx: XdpContext): boolean {
  return ctx.length > 1000;
}
export function remember(ctx: XdpContext): XdpAction {
  const own = flags.lookup(0);
  if (!own) return XdpAction.Drop;
  const wasSeen = own.seen;
  own.seen = true;
  own.open = isBig(ctx) || own.count === 3;
  let both = wasSeen && own.open;
  if (!both) both = bool(own.count);
  return both ? XdpAction.Pass : XdpAction.Drop;
}
