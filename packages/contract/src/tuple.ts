/**
 * Who talks with whom: the key of conntrack.
 *
 * A tuple has no direction. The end with the lower address (then lower port) comes first, so that
 * both directions of a flow give the same key, and a flow between two endpoints of this node has
 * one entry.
 */
import { be16, bytes, enumOf, Struct, u8 } from '@skep/ebpf';
import { IpProtocol, Ipv6Address } from '@skep/wire';

/**
 * 40 bytes. IPv4 addresses are IPv4-mapped (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2).
 *
 * ICMP echo: the end that asks has the identifier as its port (1 for 0), the other end
 * `IcmpPort.Answerer`; so a request from the other end is another flow. Other ICMP messages: the
 * sender has the type and code as its port, the other end `IcmpPort.NoEcho`.
 */
export class Tuple extends Struct({
  firstAddress: Ipv6Address,
  secondAddress: Ipv6Address,
  firstPort: be16,
  secondPort: be16,
  protocol: enumOf(u8, IpProtocol),
  padding: bytes(3),
}) {}

/** What stands for a port at the far end of an ICMP flow. */
export enum IcmpPort {
  Answerer = 0,
  NoEcho = 1,
}
