import { jiffies, pullData, randomU32, redirect, TcAction, type TcContext } from '@skep/ebpf';
import { EthernetHeader } from './headers.ts';

/** After a helper that moves the packet, a view is taken again. */
export function pulled(ctx: TcContext): TcAction {
  const before = ctx.at(EthernetHeader, 0);
  const wanted = before ? before.type : 0;
  if (pullData(ctx, 64) < 0) return TcAction.Drop;
  const eth = ctx.at(EthernetHeader, 0);
  if (!eth || eth.type !== wanted) return TcAction.Drop;
  if (jiffies() % 2 === 0) return redirect(randomU32() & 3, 0);
  return TcAction.Pass;
}
