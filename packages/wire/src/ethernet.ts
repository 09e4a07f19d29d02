/** Ethernet frames and VLAN tags. @source IEEE 802.3 clause 3, 802.1Q clause 9 */
import { be16, enumOf, Struct, u16, u32 } from '@skep/ebpf';

/** What a frame carries, before conversion to network order. @source IEEE 802 numbers, IANA */
export enum EtherType {
  IPv4 = 0x0800,
  ARP = 0x0806,
  VLAN = 0x8100,
  IPv6 = 0x86dd,
  ServiceVLAN = 0x88a8,
}

/**
 * Six bytes as they are sent, seen as two words in the machine's own order: compared and copied.
 */
export class MacAddress extends Struct({ head: u32, tail: u16 }, { packed: true }) {}

/**
 * The 14 bytes of Ethernet II; `type` below 0x0600 would be a length. @source IEEE 802.3 clause 3
 */
export class EthernetHeader extends Struct(
  { destination: MacAddress, source: MacAddress, type: enumOf(be16, EtherType) },
  { packed: true },
) {}

/**
 * Follows the addresses of a tagged frame, in place of `type`; its own `type` says what comes next.
 */
export class VlanTag extends Struct({ control: be16, type: enumOf(be16, EtherType) }) {}

/** Bytes of an `EthernetHeader`, without VLAN tags and without the check sequence. */
export const ETHERNET_LENGTH = 14;
