/** The IPv6 header and its extension headers. @source RFC 8200 sections 3 and 4 */
import { be16, be32, enumOf, Struct, u8, u64 } from '@skep/ebpf';
import { IpProtocol } from './protocol.ts';

/**
 * Sixteen bytes in network order, seen as two words in the machine's own order: a kernel program
 * compares and copies them, but never reads a number out of them.
 */
export class Ipv6Address extends Struct({ upper: u64, lower: u64 }, { packed: true }) {}

/** The 40 bytes that every packet has; extension headers or the transport follow. */
export class Ipv6Header extends Struct(
  {
    /** Version (4 bits), traffic class (8), flow label (20). */
    versionClassFlow: be32,
    payloadLength: be16,
    nextHeader: enumOf(u8, IpProtocol),
    hopLimit: u8,
    source: Ipv6Address,
    destination: Ipv6Address,
  },
  { packed: true },
) {}

/** The first bytes of hop-by-hop, routing and destination options. @source RFC 8200 section 4 */
export class Ipv6Extension extends Struct({
  nextHeader: enumOf(u8, IpProtocol),
  /** In 8-byte units, the first one not counted. */
  length: u8,
}) {}

/** @source RFC 8200 section 4.4 */
export class Ipv6RoutingHeader extends Struct({
  nextHeader: enumOf(u8, IpProtocol),
  length: u8,
  routingType: u8,
  /** Nodes still to be visited; the header's destination is the last only where there are none. */
  segmentsLeft: u8,
}) {}

/** @source RFC 8200 section 4.5 */
export class Ipv6FragmentHeader extends Struct({
  nextHeader: enumOf(u8, IpProtocol),
  reserved: u8,
  /** Offset in 8-byte units (13 bits), two reserved bits, more fragments. */
  offsetAndMore: be16,
  identification: be32,
}) {}

/** Bytes of an `Ipv6Header`, without extension headers. */
export const IPV6_HEADER_LENGTH = 40;
/**
 * The bits of `offsetAndMore`, in host order, that are the offset: where they lie, it is in bytes.
 */
export const IPV6_FRAGMENT_OFFSET_MASK = 0xfff8;
/** The bit of `offsetAndMore`, in host order, that all fragments but the last have. */
export const IPV6_MORE_FRAGMENTS = 1;
