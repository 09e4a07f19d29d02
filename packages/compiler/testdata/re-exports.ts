import { XdpAction, type XdpContext } from '@skep/ebpf';
import { isLonger } from './modules/lengths.ts';

export * from './modules/lengths.ts';

export function measured(ctx: XdpContext): XdpAction {
  return isLonger(ctx, 60) ? XdpAction.Drop : XdpAction.Pass;
}
