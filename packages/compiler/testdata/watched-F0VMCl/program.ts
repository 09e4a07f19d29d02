import { XdpAction, type XdpContext } from '@skep/ebpf';
export function watched(ctx: XdpContext): XdpAction {
  return XdpAction.Pass;
}
