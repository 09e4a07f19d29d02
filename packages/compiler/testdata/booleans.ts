import { ArrayMap, bool, Struct, u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Word } from './headers.ts';

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
export class Two extends Struct({ first: bool, second: bool }) {}

/** A byte of memory is true unless it is 0, whatever else it holds; what is written is 0 or 1. */
export function copied(ctx: XdpContext): XdpAction {
  const two = ctx.at(Two, 0);
  if (!two) return XdpAction.Drop;
  const areEqual = two.first === two.second;
  two.second = two.second;
  const written = ctx.at(Word, 0);
  return (areEqual ? 0x12 : 0) + (written ? written.value & 0xffff : 0);
}
