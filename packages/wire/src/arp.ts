/** Address resolution for IPv4 over Ethernet. @source RFC 826 */
import { be16, be32, enumOf, Struct, u8 } from '@skep/ebpf';
import { EtherType, MacAddress } from './ethernet.ts';

/** Whether a packet asks for a MAC address or tells one. @source RFC 826, `ar$op` */
export enum ArpOperation {
  Request = 1,
  Reply = 2,
}

/** Not aligned: the sender's IPv4 address lies at offset 14. */
export class ArpPacket extends Struct(
  {
    hardwareType: be16,
    protocolType: enumOf(be16, EtherType),
    hardwareLength: u8,
    protocolLength: u8,
    operation: enumOf(be16, ArpOperation),
    senderMac: MacAddress,
    senderAddress: be32,
    targetMac: MacAddress,
    targetAddress: be32,
  },
  { packed: true },
) {}

/** The `hardwareType` of Ethernet, before conversion to network order. @source RFC 826, `ar$hrd` */
export const ARP_HARDWARE_ETHERNET = 1;
