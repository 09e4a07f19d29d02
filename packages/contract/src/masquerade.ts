/** Masquerade: what endpoints send to the world has the node's own address there. */
import { be16, bytes, enumOf, Struct, u8, u16, u32, u64 } from '@skep/ebpf';
import { IpProtocol, Ipv6Address } from '@skep/wire';

/**
 * The tuple of a packet the way it goes, 40 bytes: unlike `Tuple`, the other direction of a flow
 * has another one. An ICMP echo has its identifier for the port of who asks.
 */
export class DirectedTuple extends Struct({
  source: Ipv6Address,
  destination: Ipv6Address,
  sourcePort: be16,
  destinationPort: be16,
  protocol: enumOf(u8, IpProtocol),
  padding: bytes(3),
}) {}

/**
 * What is put in the place of an end of a packet: 24 bytes. A flow that is masqueraded has two. By
 * the tuple of what the endpoint sends: the address and port of the node that stand for it. By that
 * of what comes back: the endpoint's own; this one is the flow's claim to the port.
 */
export class Translation extends Struct({
  address: Ipv6Address,
  /** The low 32 bits of jiffies; of the claim the last packet's, in either direction. */
  lastSeen: u32,
  port: be16,
  /** Members of `ConnectionFlag`, in the claim. */
  flags: u16,
}) {}

/** An interface to the world, by its index: what stands for endpoints there. */
export class Uplink extends Struct({
  /** IPv4 mapped; all zeros where the interface has none, as for IPv6. */
  address4: Ipv6Address,
  address6: Ipv6Address,
  /** So that nobody outside can tell which port a flow gets. */
  seed: u64,
  portFirst: u16,
  portCount: u16,
  padding: u32,
}) {}
