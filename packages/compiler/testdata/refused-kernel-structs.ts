import { kernelContext, kernelStruct, TcAction, type TcContext, u32 } from '@skep/ebpf';

export const SkBuff = kernelStruct('sk_buff', { len: u32 });

export function inside(ctx: TcContext): TcAction {
  const buffer = kernelContext(ctx, SkBuff);
  const mark = (buffer as unknown as { mark: u32 }).mark;
  const other = kernelContext(buffer as unknown as TcContext, SkBuff);
  const sum = (buffer as unknown as number) + 1;
  buffer.len = 3;
  return TcAction.Pass;
}
