import { be32, bytes, Struct, u8, Union, XdpAction, type XdpContext } from '@skep/ebpf';

export class Address extends Union({ ipv4: be32, ipv6: bytes(16) }) {}
export class Peer extends Struct({ family: u8, address: Address }) {}
export const BOTH = new Address({ ipv4: 1, ipv6: new Array(16).fill(1) });

export function both(ctx: XdpContext): XdpAction {
  const peer = new Peer({ family: 4, address: { ipv4: 1, ipv6: BOTH.ipv6 } });
  const other = new Peer({ family: 4, address: BOTH });
  return peer.family + other.family;
}
