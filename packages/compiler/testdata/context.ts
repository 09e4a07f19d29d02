import { Struct, TcAction, u32, XdpAction, type TcContext, type XdpContext } from '@skep/ebpf';

export class Note extends Struct({ endpoint: u32, flags: u32 }) {}

export function fields(ctx: TcContext): TcAction {
  ctx.mark = ctx.hash ^ ctx.ifindex;
  ctx.cb1 += 2;
  ctx.priority |= 1;
  if (ctx.length > 1500) return TcAction.Drop;
  return ctx.vlanPresent ? TcAction.Pass : TcAction.Next;
}
export function metadata(ctx: XdpContext): XdpAction {
  const note = ctx.metadata(Note);
  if (!note) return ctx.length < 60 ? XdpAction.Drop : XdpAction.Pass;
  note.flags |= 1;
  return note.endpoint + ctx.ingressIfindex;
}
