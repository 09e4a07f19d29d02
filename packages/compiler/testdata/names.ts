import { XdpAction, type XdpContext } from '@skep/ebpf';

/** The kernel keeps 15 characters of a name. @program short_name */
export function aNameThatTheKernelWouldCut(_ctx: XdpContext): XdpAction {
  return XdpAction.Pass;
}
export function anotherNameThatIsCut(_ctx: XdpContext): XdpAction {
  return XdpAction.Drop;
}
