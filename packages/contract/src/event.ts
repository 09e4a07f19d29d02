/** What the datapath reports. */
import { be16, enumOf, Struct, u8, u16, u32, u64 } from '@skep/ebpf';
import { IpProtocol, Ipv6Address } from '@skep/wire';

/** The numbers are Cilium's monitor message types. */
export enum EventType {
  Drop = 1,
  Trace = 4,
  PolicyVerdict = 5,
}

/** Where in the datapath. The numbers are Cilium's trace observation points. */
export enum Hook {
  FromEndpoint = 5,
  FromNetwork = 10,
  ToNetwork = 11,
  ToEndpoint = 101,
}

/** Relative to the endpoint whose policy decides. */
export enum Direction {
  Ingress = 1,
  Egress = 2,
}

/** How a flow stood when it was traced. The numbers are Cilium's trace reasons. */
export enum TraceReason {
  New = 1,
  Established = 2,
  Reply = 3,
  Related = 4,
}

/**
 * One record: 80 bytes. It stands for `count` packets of one flow since the last record of it.
 * `endpoint` is the local one whose hook saw the packet, `policyEndpoint` the one whose policy
 * decided, `direction` is as that endpoint sees it.
 */
export class DatapathEvent extends Struct({
  timeNanoseconds: u64,
  source: Ipv6Address,
  destination: Ipv6Address,
  sourceIdentity: u32,
  destinationIdentity: u32,
  interfaceIndex: u32,
  /** Bytes of the packet that made the record, from its Ethernet header. */
  length: u32,
  count: u32,
  /** Of the policy that decided; 0 where none did. */
  revision: u32,
  sourcePort: be16,
  destinationPort: be16,
  endpoint: u16,
  policyEndpoint: u16,
  type: enumOf(u8, EventType),
  /** A `DropReason` of a drop or a denying verdict, a `TraceReason` of a trace, else 0. */
  reason: u8,
  hook: enumOf(u8, Hook),
  direction: enumOf(u8, Direction),
  protocol: enumOf(u8, IpProtocol),
  tcpFlags: u8,
  isReply: u8,
  padding: u8,
}) {}
