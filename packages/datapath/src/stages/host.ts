/**
 * The node itself as an end of a flow, at its uplinks. What goes on through the node to somebody
 * else, or comes from there, is none of this stage's business: it passes. While no policy is about
 * the node nothing is looked up here.
 */
import type { TcContext } from '@skep/ebpf';
import { DropReason, Enforced, HOST_SUBJECT, ReservedIdentity } from '@skep/contract';
import {
  ETHERNET_LENGTH,
  EtherType,
  EthernetHeader,
  Icmpv6Type,
  IPV6_HEADER_LENGTH,
  IpProtocol,
  Ipv6Header,
  NEIGHBOR_HOP_LIMIT,
} from '@skep/wire';
import type { Ipv6Address } from '@skep/wire';
import { subjects } from '../maps.ts';
import { FIRST_DROP_REASON, Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { orient, recall } from './conntrack.ts';
import { joinFragments } from './fragments.ts';
import { identifyHost, lookUpPeer } from './peers.ts';
import { admit, decide } from './policy.ts';
import { relate } from './related.ts';
import { isGroup, isLinkLocal } from './target.ts';

/** Whether flows of the node are looked at. */
export function isGuarded(): boolean {
  const host = subjects.lookup(HOST_SUBJECT);
  return host !== null && host.enforced !== 0;
}

/** What has come in; `read` is what became of reading its headers. */
export function guardArrival(ctx: TcContext, packet: Packet, read: Step): Step {
  packet.endpoint = 0;
  if (packet.family === 0) return heedEnforced(unread(ctx, read));
  if (!isForHost(packet)) return Outcome.Pass;
  if (isLinkTalk(ctx, packet)) return Outcome.Pass;
  if (isUnreadable(read)) return heedEnforced(read);
  return heedEnforced(decideHostFlow(ctx, packet, true));
}

/** An ICMP error that leaves, while it quotes what it is about as that was decided. */
export function noteRelated(ctx: TcContext, packet: Packet): void {
  if (!isGuarded()) return;
  if (relate(ctx, packet) !== Outcome.Next) packet.isRelated = 1;
}

/** What leaves. */
export function guardDeparture(ctx: TcContext, packet: Packet, read: Step): Step {
  if (packet.isRelated) return Outcome.Pass;
  packet.endpoint = 0;
  if (packet.family === 0) {
    return read === DropReason.UnsupportedNetworkProtocol ? Outcome.Pass : heedEnforced(read);
  }
  if (!isFromHost(packet)) return Outcome.Pass;
  if (isLinkTalk(ctx, packet)) return Outcome.Pass;
  if (isUnreadable(read)) return heedEnforced(read);
  return heedEnforced(decideHostFlow(ctx, packet, false));
}

/** As `decideFlow`, of endpoints. */
function decideHostFlow(ctx: TcContext, packet: Packet, mayRelate: boolean): Step {
  let step = joinFragments(packet);
  if (step !== Outcome.Next) return step;
  orient(packet);
  if (mayRelate) {
    step = relate(ctx, packet);
    if (step !== Outcome.Next) return step;
  }
  step = recall(ctx, packet);
  if (step !== Outcome.Next) return step;
  step = identifyHost(packet);
  if (step !== Outcome.Next) return step;
  step = decide(ctx, packet);
  if (step !== Outcome.Next) return step;
  return admit(packet);
}

/**
 * Before the first rules are in force flows are only followed, so that each is known by then: what
 * has begun before is not, and passes, as does what cannot be read.
 */
function heedEnforced(step: Step): Step {
  if (step < FIRST_DROP_REASON) return step;
  return isEnforced() ? step : Outcome.Pass;
}

function isEnforced(): boolean {
  const host = subjects.lookup(HOST_SUBJECT);
  return host === null || (host.enforced & (Enforced.Ingress | Enforced.Egress)) !== 0;
}

/** Headers that cannot be relied upon; of other protocols and of all-hosts addresses they can. */
function isUnreadable(read: Step): boolean {
  return read >= FIRST_DROP_REASON && read !== DropReason.UnknownTransport;
}

/**
 * No IP, as ARP: that passes. A tag behind a tag without a number is the exception: the kernel
 * takes off both, behind this hook, and finds an IP packet.
 *
 * @source __netif_receive_skb_core, net/core/dev.c
 */
function unread(ctx: TcContext, read: Step): Step {
  if (read !== DropReason.UnsupportedNetworkProtocol) return read;
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet) return DropReason.TruncatedHeader;
  const isTagged = ethernet.type === EtherType.VLAN || ethernet.type === EtherType.ServiceVLAN;
  if (!isTagged) return Outcome.Pass;
  return (ctx.vlanTci & VLAN_NUMBER) === 0 ? DropReason.VlanFiltered : Outcome.Pass;
}

/** Of a tag. @source IEEE 802.1Q section 9.6 */
export const VLAN_NUMBER = 0x0fff;

/** To an address of the node, or to all hosts of the link, this one among them. */
function isForHost(packet: Packet): boolean {
  return isForAll(packet) || isHosts(packet.destination);
}

/** From an address of the node, or from none, as who asks for one. */
function isFromHost(packet: Packet): boolean {
  return isUnspecified(packet) || isHosts(packet.source);
}

function isHosts(address: Ipv6Address): boolean {
  const peer = lookUpPeer(address);
  return peer !== null && peer.endpoint === 0 && peer.identity === ReservedIdentity.Host;
}

/** The first byte of an IPv4 address, in the lower word as it lies in memory. */
export const FIRST_BYTE4_SHIFT = 32;
/** Class D and what is above it. @source RFC 5771, RFC 919 */
export const MULTICAST_FIRST_BYTE4 = 224;

function isForAll(packet: Packet): boolean {
  if (packet.family === 6) return isGroup(packet.destination);
  const first = (packet.destination.lower >>> FIRST_BYTE4_SHIFT) & 0xff;
  return first >= MULTICAST_FIRST_BYTE4 || first === 0;
}

function isUnspecified(packet: Packet): boolean {
  if (packet.source.upper !== 0) return false;
  if (packet.family === 6) return packet.source.lower === 0;
  return packet.source.lower >>> FIRST_BYTE4_SHIFT === 0;
}

/**
 * What a node cannot be found without, and what no router sends on: neighbour and router discovery
 * with the hop limit that says so, and reports to the switches of which groups it is in. A redirect
 * is none of these.
 *
 * @source RFC 4861 sections 4.1 to 4.4, RFC 3810 section 5, RFC 4890 section 4.4
 */
function isLinkTalk(ctx: TcContext, packet: Packet): boolean {
  if (packet.protocol !== IpProtocol.ICMPv6 || packet.isFragment) return false;
  const type = packet.icmpType;
  if (type >= Icmpv6Type.RouterSolicitation && type <= Icmpv6Type.NeighborAdvertisement) {
    if (packet.transportOffset !== ETHERNET_LENGTH + IPV6_HEADER_LENGTH) return false;
    const ip = ctx.at(Ipv6Header, ETHERNET_LENGTH);
    return ip !== null && ip.hopLimit === NEIGHBOR_HOP_LIMIT && packet.icmpCode === 0;
  }
  const isGroups =
    (type >= Icmpv6Type.MulticastListenerQuery && type <= Icmpv6Type.MulticastListenerDone) ||
    type === Icmpv6Type.MulticastListenerReport2;
  return isGroups && isOfLink(packet);
}

/** From a link-local address, or from none while there is none yet. */
function isOfLink(packet: Packet): boolean {
  return isLinkLocal(packet.source) || isUnspecified(packet);
}
