/** The IPv4 header. @source RFC 791 section 3.1 */
import { be16, be32, enumOf, Struct, u8 } from '@skep/ebpf';
import { IpProtocol } from './protocol.ts';

/** The 20 bytes that every packet has; options may follow, counted in `versionAndLength`. */
export class Ipv4Header extends Struct({
  /** Version in the upper half, header length in 4-byte words in the lower. */
  versionAndLength: u8,
  trafficClass: u8,
  totalLength: be16,
  identification: be16,
  /** Reserved, don't fragment, more fragments, then the offset in 8-byte units. */
  flagsAndOffset: be16,
  ttl: u8,
  protocol: enumOf(u8, IpProtocol),
  checksum: be16,
  source: be32,
  destination: be32,
}) {}

/**
 * The first bytes of an option; `End` and `NoOperation` have no length. @source RFC 791 section 3.1
 */
export class Ipv4Option extends Struct({
  type: u8,
  /** In bytes, these two counted. */
  length: u8,
}) {}

/**
 * Options as they stand in the header: copied flag, class, number. @source IANA, IP Option Numbers
 */
export enum Ipv4OptionType {
  End = 0,
  NoOperation = 1,
  LooseSourceRoute = 131,
  StrictSourceRoute = 137,
}

/** Bytes of an `Ipv4Header`, which has no options. */
export const IPV4_HEADER_LENGTH_MIN = 20;
/** The bit of `flagsAndOffset`, in host order, that all fragments but the last have. */
export const IPV4_MORE_FRAGMENTS = 0x2000;
/** The bits of `flagsAndOffset`, in host order, that are the offset in 8-byte units. */
export const IPV4_OFFSET_MASK = 0x1fff;
