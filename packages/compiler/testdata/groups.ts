import { type u32, XdpAction, type XdpContext } from '@skep/ebpf';
import { Ipv4Header } from './headers.ts';

/** Several results at once: an object that exists only when compiling. */
function addresses(ip: Ipv4Header) {
  return { near: ip.source, far: ip.destination, ip };
}
function difference(ends: { near: u32; far: u32 }): u32 {
  return ends.near - ends.far;
}
export function grouped(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return XdpAction.Drop;
  const ends = addresses(ip);
  ends.ip.timeToLive = 64;
  return difference(ends) + difference({ near: 1, far: ends.near });
}
