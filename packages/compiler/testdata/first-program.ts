import { be16, Struct, u8, u32, u64, array, atomic, PerCpuArrayMap, XdpAction, type XdpContext } from '@skep/ebpf';

export class Ethernet extends Struct({ destination: array(u8, 6), source: array(u8, 6), type: be16 }) {}
export class Counter extends Struct({ packets: u64, bytes: atomic(u64) }) {}
export const counters = new PerCpuArrayMap({ name: 'counters', value: Counter, maxEntries: 4 });

export function pass(ctx: XdpContext): XdpAction {
  const eth = ctx.at(Ethernet, 0);
  if (!eth) return XdpAction.Drop;
  if (eth.type !== 0x0800) return XdpAction.Pass;
  const counter = counters.lookup(1);
  if (counter) {
    counter.packets++;
    counter.bytes += ctx.length;
  }
  return eth.destination[0] === 1 ? XdpAction.Drop : XdpAction.Pass;
}
