import { be32, bytes, HashMap, Struct, u32, u8, Union, XdpAction, type XdpContext } from '@skep/ebpf';
import { Ipv4Header } from './headers.ts';

export class Address extends Union({ ipv4: be32, ipv6: bytes(16), first: u8 }) {}
export class Peer extends Struct({ family: u8, address: Address }) {}
export const peers = new HashMap({ name: 'peers', key: Peer, value: u32, maxEntries: 4 });
export const LOOPBACK = new Address({ ipv4: 0x7f000001 });

/** The bytes that a member does not reach are zero: it is a good key. */
export function remember(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return XdpAction.Drop;
  const peer = new Peer({ family: 4, address: { ipv4: ip.source } });
  peers.update(peer, 7);
  const found = peers.lookup(new Peer({ family: 4, address: new Address({ ipv4: ip.source }) }));
  const known = new Peer({ family: 4, address: LOOPBACK });
  peer.address.ipv6[3] = 9;
  return (found?.value ?? 0) * 1000 + peer.address.first + known.address.first + (peer.address.ipv4 & 15);
}
