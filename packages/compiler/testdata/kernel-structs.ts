import { kernelContext, kernelStruct, pointerTo, s32, TcAction, type TcContext, u16, u32, u8 } from '@skep/ebpf';

export const NetDevice = kernelStruct('net_device', { ifindex: s32, mtu: u32 });
export const SkBuff = kernelStruct('sk_buff', { len: u32, skb_iif: s32, dev: pointerTo(NetDevice) });

/** Where the fields lie is found when the program is loaded. */
export function inside(ctx: TcContext): TcAction {
  const buffer = kernelContext(ctx, SkBuff);
  if (buffer.len !== ctx.length) return 10 as TcAction;
  if (buffer.dev.ifindex !== ctx.ifindex) return 20 as TcAction;
  return buffer.dev.mtu > 1000 ? TcAction.Pass : TcAction.Drop;
}
