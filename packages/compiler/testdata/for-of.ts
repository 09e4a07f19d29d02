import { XdpAction, type XdpContext } from '@skep/ebpf';
import { EthernetHeader, Ipv4Header } from './headers.ts';

export const BLOCKED_PORTS = [22, 23, 445];

export function blocked(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return XdpAction.Drop;
  for (const port of BLOCKED_PORTS) {
    if (ip.identification === port) return XdpAction.Drop;
  }
  const eth = ctx.at(EthernetHeader, 0);
  if (!eth) return XdpAction.Drop;
  let sum = 0;
  for (const byte of eth.source) sum += byte;
  return sum + BLOCKED_PORTS.length;
}
