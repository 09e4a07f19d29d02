import { XdpAction, type XdpContext } from '@skep/ebpf';
import { LIMIT } from './modules/failing.ts';

export function modules(ctx: XdpContext): XdpAction {
  return ctx.length > LIMIT ? XdpAction.Drop : XdpAction.Pass;
}
