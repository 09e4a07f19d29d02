/** The IPv4 header. @source RFC 791 section 3.1 */
import { be16, be32, enumOf, Struct, u8 } from '@skep/ebpf';
import { IpProtocol } from './protocol.ts';

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

export const IPV4_HEADER_LENGTH_MIN = 20;
export const IPV4_MORE_FRAGMENTS = 0x2000;
export const IPV4_OFFSET_MASK = 0x1fff;
