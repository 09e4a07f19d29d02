import { array, be16, be32, bytes, Struct, u16, u32, u8, XdpAction, type XdpContext } from '@skep/ebpf';

export class EthernetHeader extends Struct({ destination: bytes(6), source: bytes(6), type: be16 }) {}
export class Ipv4Header extends Struct({
  versionAndLength: u8,
  typeOfService: u8,
  totalLength: be16,
  identification: be16,
  fragment: be16,
  timeToLive: u8,
  protocol: u8,
  checksum: be16,
  source: be32,
  destination: be32,
}) {}
export class Ports extends Struct({ source: be16, destination: be16 }) {}
export class Word extends Struct({ value: u32 }) {}
export class Pair extends Struct({ kind: u8, length: u8 }) {}
export class Table extends Struct({ slots: array(u32, 16), count: u16 }) {}

/** Variable packet offset: the header's length decides. */
export function ports(ctx: XdpContext): XdpAction {
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return XdpAction.Drop;
  const headerLength = (ip.versionAndLength & 15) * 4;
  const found = ctx.at(Ports, 14 + headerLength);
  if (!found) return XdpAction.Drop;
  return found.destination === 443 ? XdpAction.Pass : XdpAction.Drop;
}
