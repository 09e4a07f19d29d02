import {
  CgroupAction,
  HashMap,
  jiffies,
  redirect,
  TcAction,
  u32,
  variables,
  XdpAction,
  type Connect4Context,
  type TcContext,
  type XdpContext,
} from '@skep/ebpf';
import { EthernetHeader } from './headers.ts';

// --- SKEP5001
export const LIMIT = 1500;

export function limited(ctx: XdpContext): XdpAction {
  return ctx.length > LIMIT ? XdpAction.Drop : XdpAction.Pass;
}
// --- SKEP5002
export const state = variables({ name: 'state', fields: { packets: u32 } });

export function counted(ctx: XdpContext): XdpAction {
  state.packets += 1;
  return ctx.length > 0 ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP5003
export function timed(ctx: XdpContext): XdpAction {
  return jiffies() > ctx.length ? XdpAction.Pass : XdpAction.Drop;
}
// --- SKEP5004
export function program(ctx: XdpContext): XdpAction {
  return ctx.length > 100 ? XdpAction.Drop : XdpAction.Pass;
}
// --- SKEP5005 SKEP5007
/** @program short_name */
export function aNameOfMoreThanFifteenCharacters(_ctx: XdpContext): XdpAction {
  return XdpAction.Pass;
}
// --- SKEP5006
/** What runs when the module is run needs no kernel, and throws nothing. */
export const DOUBLED = [1, 2, 3].map((each) => each * 2);

export function doubled(ctx: XdpContext): XdpAction {
  return DOUBLED[2]! + ctx.length;
}
// --- SKEP5008
export const seen = new HashMap({ name: 'seen', key: u32, value: u32, maxEntries: 4 });

export function forgotten(ctx: XdpContext): XdpAction {
  return seen.delete(ctx.length) === 0 ? XdpAction.Drop : XdpAction.Pass;
}
// --- SKEP5009
export function forwarded(_ctx: TcContext): TcAction {
  return redirect(1, 0);
}
// --- SKEP5010
export function allowed(_ctx: Connect4Context): CgroupAction {
  return CgroupAction.Allow;
}
// --- SKEP5011
export function framed(ctx: TcContext): TcAction {
  return ctx.at(EthernetHeader, 0) ? TcAction.Pass : TcAction.Drop;
}
// --- SKEP5012
export const settings = variables({ name: 'settings', fields: { limit: u32 } });

export function isLong(ctx: XdpContext, limit: u32): boolean {
  return ctx.length > limit;
}
export function measured(ctx: XdpContext): XdpAction {
  return isLong(ctx, settings.limit) ? XdpAction.Drop : XdpAction.Pass;
}
// --- SKEP5013
export const sent = new HashMap({ name: 'sent', key: u32, value: u32, maxEntries: 4 });
export const received = new HashMap({ name: 'received', key: u32, value: u32, maxEntries: 4 });

export function told(ctx: XdpContext): XdpAction {
  sent.update(1, ctx.length);
  return received.lookup(1) ? XdpAction.Pass : XdpAction.Drop;
}
