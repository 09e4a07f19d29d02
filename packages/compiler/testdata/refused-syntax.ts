import { XdpAction, type XdpContext } from '@skep/ebpf';

export function broken(ctx: XdpContext): XdpAction {
  return XdpAction.;
}
