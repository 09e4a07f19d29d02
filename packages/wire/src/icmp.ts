/** ICMP for IPv4 and IPv6. @source RFC 792, RFC 4443; types by IANA */
import { be16, be32, Struct, u8 } from '@skep/ebpf';

/** Both versions begin alike; `identifier` and `sequence` are those of echo messages. */
export class IcmpHeader extends Struct({
  type: u8,
  code: u8,
  checksum: be16,
  identifier: be16,
  sequence: be16,
}) {}

export enum IcmpType {
  EchoReply = 0,
  DestinationUnreachable = 3,
  SourceQuench = 4,
  Redirect = 5,
  EchoRequest = 8,
  TimeExceeded = 11,
  ParameterProblem = 12,
}

export enum Icmpv6Type {
  DestinationUnreachable = 1,
  PacketTooBig = 2,
  TimeExceeded = 3,
  ParameterProblem = 4,
  EchoRequest = 128,
  EchoReply = 129,
  RouterSolicitation = 133,
  RouterAdvertisement = 134,
  NeighborSolicitation = 135,
  NeighborAdvertisement = 136,
  Redirect = 137,
}

/** The bytes of an ICMP message before the packet that an error quotes. */
export const ICMP_HEADER_LENGTH = 8;
export const NEIGHBOR_FLAGS_SOLICITED_OVERRIDE = 0x6000_0000;

/** Neighbour solicitation and advertisement up to their options. @source RFC 4861 section 4.3, 4.4 */
export class NeighborMessage extends Struct({
  type: u8,
  code: u8,
  checksum: be16,
  flags: be32,
}) {}
