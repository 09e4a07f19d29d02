import { HashMap, u32, XdpAction, type XdpContext } from '@skep/ebpf';

const hidden = new HashMap({ name: 'hidden', key: u32, value: u32, maxEntries: 1 });
export let counter = 0;
const LIMIT = 5;

export function modules(ctx: XdpContext): XdpAction {
  hidden.lookup(1);
  counter += 1;
  const now = Date.now();
  const limit = LIMIT;
  return XdpAction.Pass;
}
/** @program twice */
export function first(ctx: XdpContext): XdpAction {
  return XdpAction.Pass;
}
/** @program twice */
export function second(ctx: XdpContext): XdpAction {
  return XdpAction.Pass;
}
/** @program not a name */
export function third(ctx: XdpContext): XdpAction {
  return XdpAction.Pass;
}
/** @program numbers */
export function fourth(length: u32): XdpAction {
  return XdpAction.Pass;
}
