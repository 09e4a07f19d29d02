import {
  CgroupAction,
  pullData,
  redirect,
  SkAction,
  TcAction,
  u32,
  XdpAction,
  type Connect4Context,
  type Connect6Context,
  type MessageContext,
  type SocketFilterContext,
  type StreamParserContext,
  type TcContext,
  type XdpContext,
} from '@skep/ebpf';
import { EthernetHeader } from './headers.ts';

/** The helper is called, but not in this kind. */
export function helperOfOthers(ctx: Connect4Context): CgroupAction {
  redirect(1, 0);
  return CgroupAction.Allow;
}
function stage(ctx: TcContext): u32 {
  return pullData(ctx, 100) < 0 ? 1 : 0;
}
export function inlined(ctx: XdpContext): XdpAction {
  return stage(ctx as unknown as TcContext) ? XdpAction.Pass : XdpAction.Drop;
}
export function resultOfOthers(ctx: Connect4Context): XdpAction {
  return XdpAction.Pass;
}
export function noResult(ctx: MessageContext): void {}
export function otherFamily(ctx: Connect4Context): CgroupAction {
  return ctx.userIp6[0] ? CgroupAction.Allow : CgroupAction.Deny;
}
export function readOnly(ctx: Connect4Context): CgroupAction {
  ctx.userFamily = 2;
  return CgroupAction.Allow;
}
export function noPacket(ctx: SocketFilterContext): u32 {
  return ctx.at(EthernetHeader, 0) ? 1 : 0;
}
export function noMetadata(ctx: StreamParserContext): u32 {
  return ctx.metadata(EthernetHeader) ? 1 : 0;
}
export function unknownWord(ctx: Connect6Context): CgroupAction {
  return ctx.userIp6[ctx.userPort & 3] === 0 ? CgroupAction.Allow : CgroupAction.Deny;
}
export function wordTooFar(ctx: Connect6Context): CgroupAction {
  ctx.userIp6[4] = 1;
  return CgroupAction.Allow;
}
export function fine(ctx: TcContext): TcAction {
  redirect(1, 0);
  return SkAction.Pass;
}
