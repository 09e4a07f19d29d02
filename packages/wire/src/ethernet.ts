/** Ethernet frames and VLAN tags. @source IEEE 802.3 clause 3, 802.1Q clause 9 */
import { be16, be32, bytes, enumOf, Struct } from '@skep/ebpf';

export enum EtherType {
  IPv4 = 0x0800,
  ARP = 0x0806,
  VLAN = 0x8100,
  IPv6 = 0x86dd,
  ServiceVLAN = 0x88a8,
}

export class EthernetHeader extends Struct({
  destination: bytes(6),
  source: bytes(6),
  type: enumOf(be16, EtherType),
}) {}

/** Follows the addresses of a tagged frame, in place of `type`; its own `type` says what comes next. */
export class VlanTag extends Struct({ control: be16, type: enumOf(be16, EtherType) }) {}

/** The same header with its addresses as numbers, for comparing them with few instructions. */
export class EthernetWords extends Struct(
  {
    destinationHead: be32,
    destinationTail: be16,
    sourceHead: be32,
    sourceTail: be16,
    type: enumOf(be16, EtherType),
  },
  { packed: true },
) {}

export const ETHERNET_LENGTH = 14;
