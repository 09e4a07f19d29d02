import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';

function leave(value: u32): u32 {
  if (value > 3) break;
  if (value > 2) continue;
  return value;
}
export function jumps(ctx: XdpContext): XdpAction {
  for (let i = 0; i < 4; i++) {
    if (i === 2) continue outer;
    leave(i);
  }
  debugger;
  return XdpAction.Pass;
}
