/** Who the two ends are: identities, groups and local endpoints, from the ipcache. */
import { socketCookie, u16 } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { DropReason, Hook, HOST_SUBJECT, PrefixKey, ReservedIdentity } from '@skep/contract';
import type { EndpointEntry, PeerEntry } from '@skep/contract';
import { IcmpType, Icmpv6Type, IpProtocol } from '@skep/wire';
import type { Ipv6Address } from '@skep/wire';
import { node } from '../config.ts';
import { addresses, endpoints, interfaces, nodeState, prefixes } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { End, Packet, Step } from '../packet.ts';
import { isForged } from './conntrack.ts';
import { isLinkLocal, LINK_LOCAL, LINK_LOCAL_MASK } from './target.ts';

/** The endpoint behind the interface that the hook is on; null while it is not ready. */
export function ownEndpoint(ctx: TcContext, packet: Packet): EndpointEntry | null {
  const id = interfaces.lookup(ctx.ifindex);
  packet.endpoint = id ? u16(id.value) : 0;
  if (!id) return null;
  const endpoint = endpoints.lookup(id.value);
  if (!endpoint || endpoint.interfaceIndex === 0) return null;
  return endpoint;
}

/** Fills `initiator` and `responder` of a packet that policy has to decide. */
export function identify(ctx: TcContext, packet: Packet, endpoint: EndpointEntry): Step {
  const state = nodeState.lookup(0);
  if (!state) return DropReason.EndpointNotReady;
  // Read before anything that it guards: a change in between makes the verdict stale, not wrong.
  packet.membershipRevision = state.membershipRevision;
  const isOutgoing = packet.hook === Hook.FromEndpoint;
  const isInitiator = isOutgoing === (packet.isReply === 0);
  const own = isInitiator ? packet.initiator : packet.responder;
  const other = isInitiator ? packet.responder : packet.initiator;
  readOwn(own, packet, endpoint);
  const peer = lookUpPeer(isOutgoing ? packet.destination : packet.source);
  if (!peer) return DropReason.InvalidIdentity;
  if (!readPeer(other, peer)) return DropReason.EndpointNotReady;
  if (isForged(ctx, packet, other.endpoint, other.subject)) return DropReason.InvalidSourceAddress;
  if (node.hasNetkit && isForgedBegin(ctx, packet, other)) return DropReason.InvalidSourceAddress;
  packet.policyPort = policyPort(packet);
  return Outcome.Next;
}

/**
 * Whether somebody behind an uplink speaks in the name of the node, or of an endpoint of it. What
 * is valid on a link only others may have, too.
 */
export function isImpostor(packet: Packet): boolean {
  if (isLinkLocal(packet.source)) return false;
  const own = addresses.lookup(packet.source);
  return own !== null && (own.endpoint !== 0 || own.identity === ReservedIdentity.Host);
}

/**
 * A netkit device forgets where a packet has come in, but not whose it is: what the node begins is
 * of a socket, and the stack forwards nothing that is. Of answers not all are of one.
 *
 * @source netkit_prep_forward, drivers/net/netkit.c; ip_forward, net/ipv4/ip_forward.c
 */
function isForgedBegin(ctx: TcContext, packet: Packet, sender: End): boolean {
  const isOfNode = packet.hook === Hook.ToEndpoint && sender.subject === HOST_SUBJECT;
  return isOfNode && packet.isReply === 0 && socketCookie(ctx) === 0;
}

/**
 * As `identify`, of a packet between the node itself and who is behind an uplink. From there nobody
 * speaks for the node, or for an endpoint of it.
 */
export function identifyHost(packet: Packet): Step {
  const state = nodeState.lookup(0);
  if (!state) return DropReason.EndpointNotReady;
  packet.membershipRevision = state.membershipRevision;
  const isOutgoing = packet.hook === Hook.ToNetwork;
  const isInitiator = isOutgoing === (packet.isReply === 0);
  const own = isInitiator ? packet.initiator : packet.responder;
  const other = isInitiator ? packet.responder : packet.initiator;
  own.identity = ReservedIdentity.Host;
  own.selectorSet = 0;
  own.subject = HOST_SUBJECT;
  const peer = lookUpOutside(isOutgoing ? packet.destination : packet.source);
  if (!peer) return DropReason.InvalidIdentity;
  const isOfNode = peer.endpoint !== 0 || peer.identity === ReservedIdentity.Host;
  if (isOfNode && !isOutgoing) return DropReason.InvalidSourceAddress;
  other.identity = peer.identity;
  other.selectorSet = peer.selectorSet;
  packet.policyPort = policyPort(packet);
  return Outcome.Next;
}

function readOwn(end: End, packet: Packet, endpoint: EndpointEntry): void {
  end.identity = endpoint.identity;
  end.selectorSet = packet.family === 4 ? endpoint.selectorSet4 : endpoint.selectorSet6;
  end.endpoint = packet.endpoint;
  end.subject = endpoint.subject;
}

/** False where the peer is an endpoint whose rules are not known: it is no side without policy. */
function readPeer(end: End, peer: PeerEntry): boolean {
  end.identity = peer.identity;
  end.selectorSet = peer.selectorSet;
  end.endpoint = peer.endpoint;
  if (!peer.endpoint) {
    if (peer.identity === ReservedIdentity.Host) end.subject = HOST_SUBJECT;
    return true;
  }
  const endpoint = endpoints.lookup(peer.endpoint);
  if (!endpoint || endpoint.interfaceIndex === 0) return false;
  end.subject = endpoint.subject;
  return true;
}

/** What is valid on a link only is another's behind an uplink, also where the node has it, too. */
function lookUpOutside(address: Ipv6Address): PeerEntry | null {
  if ((address.upper & LINK_LOCAL_MASK) !== LINK_LOCAL) return lookUpPeer(address);
  return prefixes.lookup(new PrefixKey({ prefixLength: 128, address }));
}

/** A single address before the longest prefix: hashing costs a quarter of walking the trie. */
export function lookUpPeer(address: Ipv6Address): PeerEntry | null {
  const exact = addresses.lookup(address);
  if (exact) return exact;
  return prefixes.lookup(new PrefixKey({ prefixLength: 128, address }));
}

/** The responder's port; of ICMP the type that the initiator sent: only echo has replies. */
function policyPort(packet: Packet): u16 {
  if (packet.protocol === IpProtocol.ICMP) {
    return packet.isReply ? IcmpType.EchoRequest : packet.icmpType;
  }
  if (packet.protocol === IpProtocol.ICMPv6) {
    return packet.isReply ? Icmpv6Type.EchoRequest : packet.icmpType;
  }
  return packet.isReply ? packet.sourcePort : packet.destinationPort;
}
