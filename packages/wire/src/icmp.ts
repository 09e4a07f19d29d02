/** ICMP for IPv4 and IPv6. @source RFC 792, RFC 4443; types by IANA */
import { be16, be32, enumOf, Struct, u8 } from '@skep/ebpf';
import { MacAddress } from './ethernet.ts';
import { Ipv6Address } from './ipv6.ts';

/** Both versions begin alike; `identifier` and `sequence` are those of echo messages. */
export class IcmpHeader extends Struct({
  type: u8,
  code: u8,
  checksum: be16,
  identifier: be16,
  sequence: be16,
}) {}

/** The message kinds of ICMP for IPv4. @source RFC 792 */
export enum IcmpType {
  EchoReply = 0,
  DestinationUnreachable = 3,
  SourceQuench = 4,
  Redirect = 5,
  EchoRequest = 8,
  TimeExceeded = 11,
  ParameterProblem = 12,
}

/**
 * The message kinds of ICMPv6: errors are below 128. @source RFC 4443, RFC 2710, RFC 4861, RFC 3810
 */
export enum Icmpv6Type {
  DestinationUnreachable = 1,
  PacketTooBig = 2,
  TimeExceeded = 3,
  ParameterProblem = 4,
  EchoRequest = 128,
  EchoReply = 129,
  MulticastListenerQuery = 130,
  MulticastListenerReport = 131,
  MulticastListenerDone = 132,
  RouterSolicitation = 133,
  RouterAdvertisement = 134,
  NeighborSolicitation = 135,
  NeighborAdvertisement = 136,
  Redirect = 137,
  MulticastListenerReport2 = 143,
}

/** The bytes of an ICMP message before the packet that an error quotes. */
export const ICMP_HEADER_LENGTH = 8;
/** This answers a question, and replaces what was known. */
export const NEIGHBOR_SOLICITED_OVERRIDE = 0x6000_0000;
/** Neighbour messages with another hop limit come from another link (RFC 4861 section 7.1). */
export const NEIGHBOR_HOP_LIMIT = 255;

/** The options that tell a MAC address. @source RFC 4861 section 4.6.1 */
export enum NeighborOption {
  SourceLinkAddress = 1,
  TargetLinkAddress = 2,
}

/**
 * A solicitation or advertisement with its one link-address option. @source RFC 4861 sections 4.3,
 * 4.4, 4.6.1
 */
export class NeighborMessage extends Struct(
  {
    type: u8,
    code: u8,
    checksum: be16,
    flags: be32,
    target: Ipv6Address,
    optionType: enumOf(u8, NeighborOption),
    /** In 8-byte units: 1. */
    optionLength: u8,
    mac: MacAddress,
  },
  { packed: true },
) {}
