/** What is remembered of a flow. */
import { Struct, u8, u16, u32, u64 } from '@skep/ebpf';

/** Bits of `Connection.flags`: how far the flow has come, and whether policy lets it go on. */
export enum ConnectionFlag {
  /** The end that began the flow is the tuple's first. */
  InitiatorIsFirst = 1,
  /** The other end has answered. */
  Answered = 2,
  /** The initiator's end has said FIN, so has the other; the last packet was a RST. */
  InitiatorFinished = 4,
  ResponderFinished = 8,
  Reset = 16,
  /** Policy denied it: every packet of it is dropped, with the reason that is remembered. */
  Denied = 32,
  /** Of masquerade's claims: the last packet that the endpoint has sent was a RST. */
  ResetByEndpoint = 64,
  /** Between endpoints, but through the node's stack: its NAT has to see both directions. */
  ThroughStack = 128,
}

/**
 * 80 bytes. Times are the low 32 bits of jiffies. The verdict holds as long as the revisions are
 * those of the subjects and of the ipcache; then the next packet is decided anew.
 *
 * `egress…` is the side of the initiator, `ingress…` that of the responder; endpoint and subject
 * are 0 for a side that is not on this node.
 */
export class Connection extends Struct({
  forwardPackets: u64,
  forwardBytes: u64,
  replyPackets: u64,
  replyBytes: u64,
  lastSeen: u32,
  lastReported: u32,
  membershipRevision: u32,
  egressRevision: u32,
  ingressRevision: u32,
  initiatorIdentity: u32,
  responderIdentity: u32,
  egressEndpoint: u16,
  ingressEndpoint: u16,
  egressSubject: u16,
  ingressSubject: u16,
  /**
   * While a TCP flow is new: what acknowledges the responder's SYN, as the responder has said it; 0
   * before that.
   */
  acknowledgment: u32,
  /** Packets since `lastReported`. */
  unreported: u32,
  /** Members of `ConnectionFlag`. */
  flags: u16,
  /** A `DropReason` where the flow is denied. */
  reason: u8,
  /** TCP flags seen since `lastReported`, of both directions. */
  tcpFlags: u8,
}) {}
