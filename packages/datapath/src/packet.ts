/**
 * What is known of the packet that is being decided. Each CPU has one; it lives through tail calls,
 * because no other packet can come in between on the same CPU.
 */
import { bytes, enumOf, Struct, u8, u16, u32 } from '@skep/ebpf';
import { Connection, Direction, Hook, Tuple } from '@skep/contract';
import type { DropReason } from '@skep/contract';
import { IpProtocol, Ipv6Address } from '@skep/wire';

/** What a stage answers: go on, an end, or one of `DropReason` (all from 130 on). */
export enum Outcome {
  Next = 0,
  /** On its way as the node's stack has it: to the node, out of it, or into the endpoint. */
  Pass = 1,
  /** Straight to the local endpoint `targetEndpoint`. */
  ToEndpoint = 2,
  /** The packet was turned into its own answer: back to who sent it. */
  Answer = 3,
  /** Dropped, and counted and reported already. */
  Dropped = 4,
  /** Into the endpoint, as the hook before has decided, and counted. */
  SentOn = 5,
}

/** What a stage returns: `Outcome.Next`, another end, or why to drop. */
export type Step = Outcome | DropReason;

/** The first number of `Outcome` that is a drop reason. */
export const FIRST_DROP_REASON = 130;

/** What a policy program answers. */
export enum PolicyVerdict {
  /** No rule matches. */
  Unmatched = 0,
  Allow = 1,
  Deny = 2,
  /** The other side's program is not there to be asked. */
  Missed = 3,
}

/** In which table a flow was found. */
export enum Table {
  None = 0,
  Connections = 1,
  Newcomers = 2,
  /** In that of connections, which it leaves once the packet's own flow is decided. */
  Ended = 3,
}

/** One end of the flow, as policy sees it. */
export class End extends Struct({
  identity: u32,
  selectorSet: u32,
  endpoint: u16,
  subject: u16,
  revision: u32,
}) {}

/** The row of `transits`: what one hook has sent on to another, between the two. */
export class Transit extends Struct({
  source: Ipv6Address,
  destination: Ipv6Address,
  /** How many packets it may arrive as; 0: none is under way. */
  segments: u32,
  sourcePort: u16,
  destinationPort: u16,
  /** That it goes to. */
  endpoint: u16,
  protocol: enumOf(u8, IpProtocol),
  padding: bytes(5),
}) {}

/** The row of `packets`: 264 bytes that only programs read. */
export class Packet extends Struct({
  tuple: Tuple,
  /** What is remembered of it, where it is a newcomer: as it was when it was found. */
  newcomer: Connection,
  source: Ipv6Address,
  destination: Ipv6Address,
  /** The end that began the flow, and the other one. */
  initiator: End,
  responder: End,
  /** The slot of `policies` that a packet goes on at when the initiator's side allows it. */
  afterEgress: u32,
  membershipRevision: u32,
  /** Of TCP. */
  sequence: u32,
  acknowledgment: u32,
  interfaceIndex: u32,
  length: u32,
  sourcePort: u16,
  destinationPort: u16,
  /** What policy takes for the port: the responder's port, or the ICMP type. */
  policyPort: u16,
  endpoint: u16,
  targetEndpoint: u16,
  /** What masquerade puts for the source's port. */
  translatedPort: u16,
  /** Bytes from the frame's start to the transport header. */
  transportOffset: u16,
  protocol: enumOf(u8, IpProtocol),
  /** 4 or 6; 0 while nothing is known. */
  family: u8,
  tcpFlags: u8,
  icmpType: u8,
  icmpCode: u8,
  hook: enumOf(u8, Hook),
  /** 1 where the packet's source is the tuple's first end, else 0. */
  isSourceFirst: u8,
  /** 1 where it comes from the flow's responder, else 0. */
  isReply: u8,
  /** Which side's policy decided last. */
  direction: enumOf(u8, Direction),
  verdict: enumOf(u8, PolicyVerdict),
  table: enumOf(u8, Table),
  /** 1 where the packet is a fragment that is not the first. */
  isLaterFragment: u8,
  /** 1 where the transport is in a fragment, the first one included. */
  isFragment: u8,
  /** How far a flow that is decided anew had come: members of `ConnectionFlag`. */
  progress: u8,
  /** 1: the programs of the layout before have the last word about the packet. */
  isShadow: u8,
  /** 1 at uplinks: an ICMP error about a flow that passes. */
  isRelated: u8,
  padding: bytes(2),
  /** Identification of a fragmented datagram. */
  identification: u32,
  /** Where a newcomer is or is to be found: the set of hints, the one of them, and what it says. */
  hintSet: u32,
  hint: u32,
  hintTag: u32,
  /** The place in the queue of newcomers. */
  place: u32,
}) {}
