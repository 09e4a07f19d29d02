import { XdpAction, type XdpContext } from '@skep/ebpf';
import { Ipv4Header } from './headers.ts';

export enum Protocol { Icmp = 1, Tcp = 6, Udp = 17 }

export function protocols(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return XdpAction.Drop;
  let weight = 0;
  switch (ip.protocol) {
    case Protocol.Icmp:
      return XdpAction.Pass;
    case Protocol.Tcp:
    case Protocol.Udp:
      weight = 10;
      break;
    case 132: {
      weight = 20;
    }
    default:
      weight += 1;
  }
  return weight === 21 ? XdpAction.Transmit : XdpAction.Drop;
}
