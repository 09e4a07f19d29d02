import { type u16, u32, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { EthernetHeader, Ipv4Header } from './headers.ts';

/** Nullable struct as result. */
function ipv4(ctx: XdpContext): Ipv4Header | null {
  const eth = ctx.at(EthernetHeader, 0);
  if (!eth || eth.type !== 0x0800) return null;
  return ctx.at(Ipv4Header, 14);
}
function fold(sum: u32): u16 {
  sum = (sum & 0xffff) + (sum >>> 16);
  return sum + (sum >>> 16);
}
function isFragment(ip: Ipv4Header): boolean {
  return (ip.fragment & 0x3fff) !== 0;
}
function age(ip: Ipv4Header, by: u8 = 1): void {
  if (ip.timeToLive < by) return;
  ip.timeToLive -= by;
}
const double = (value: u32): u32 => value * 2;

export function route(ctx: XdpContext): XdpAction {
  const ip = ipv4(ctx);
  if (!ip || isFragment(ip)) return XdpAction.Drop;
  age(ip);
  age(ip, 2);
  return fold(ip.source) > double(ip.checksum) ? XdpAction.Pass : XdpAction.Drop;
}
