import { pullData, TcAction, type TcContext } from '@skep/ebpf';
import { EthernetHeader, Word } from './headers.ts';

function pull(ctx: TcContext): void {
  pullData(ctx, 100);
}
export function stale(ctx: TcContext): TcAction {
  const eth = ctx.at(EthernetHeader, 0);
  const word = ctx.at(Word, 20);
  if (!eth || !word) return TcAction.Drop;
  const type = eth.type;
  pull(ctx);
  if (eth.type === type) return TcAction.Pass;
  word.value = 3;
  return TcAction.Drop;
}
/** Fine on one path only. */
export function sometimes(ctx: TcContext): TcAction {
  let eth = ctx.at(EthernetHeader, 0);
  if (ctx.mark === 1) {
    pullData(ctx, 100);
    if (ctx.mark !== 2) eth = ctx.at(EthernetHeader, 0);
  }
  return eth ? eth.type : TcAction.Drop;
}
