/** The end of a packet's path: the one place that forwards, answers and drops. */
import { redirect, redirectPeer, TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { DropReason, Hook } from '@skep/contract';
import type { EndpointEntry } from '@skep/contract';
import { ETHERNET_LENGTH, EthernetHeader, Ipv4Header, Ipv6Header } from '@skep/wire';
import { node } from '../config.ts';
import { endpoints } from '../maps.ts';
import { FIRST_DROP_REASON, Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { callFormer, isShadow } from './former.ts';
import { count, reportDrop } from './report.ts';
import { isBeingSent, sendOn } from './transit.ts';

/** Carries out what the stages have decided. */
export function finish(ctx: TcContext, packet: Packet, step: Step): TcAction {
  if (isShadow(packet)) return shadow(ctx, packet, step);
  if (step === Outcome.SentOn) return TcAction.Pass;
  if (step === Outcome.Dropped) return drop(ctx, packet);
  if (step === Outcome.Next || step >= FIRST_DROP_REASON) {
    noteDrop(packet, step);
    return drop(ctx, packet);
  }
  const isDirect = packet.hook === Hook.FromEndpoint && node.hasRedirectPeer;
  if (step === Outcome.ToEndpoint && isDirect) return deliver(ctx, packet);
  count(packet, 0);
  return step === Outcome.Answer ? redirect(packet.interfaceIndex, 0) : TcAction.Pass;
}

/**
 * The other hook of what is sent on may have the last word already, when this one has not yet had
 * it.
 */
function shadow(ctx: TcContext, packet: Packet, step: Step): TcAction {
  if (node.hasNetkit && step === Outcome.ToEndpoint && isBeingSent(ctx)) sendOn(ctx, packet);
  return callFormer(ctx, packet);
}

/** At an uplink what passes goes on to other programs, and is counted where it goes. */
export function finishAtUplink(packet: Packet, step: Step): TcAction {
  if (step === Outcome.Dropped) return TcAction.Drop;
  if (step === Outcome.Next || step >= FIRST_DROP_REASON) {
    noteDrop(packet, step);
    return TcAction.Drop;
  }
  return TcAction.Next;
}

/** `Outcome.Next` here means that no stage has decided: that is not a pass either. */
function noteDrop(packet: Packet, step: Step): void {
  const reason = step === Outcome.Next ? DropReason.UnknownConnectionState : step;
  count(packet, reason);
  reportDrop(packet, reason);
}

/** No interface has this index: what is sent there is gone. */
export const NOWHERE = 0;

/**
 * Who sends through a netkit device is told of a drop, and its TCP takes that for a lack of
 * resources: it tries again each half second, and ends the connection after eight, where one behind
 * a veth goes on as soon as it may.
 *
 * @source tcp_send_probe0, net/ipv4/tcp_output.c; skb_do_redirect, net/core/filter.c
 */
function drop(ctx: TcContext, packet: Packet): TcAction {
  const isTold = node.hasNetkit && packet.hook === Hook.FromEndpoint && isBeingSent(ctx);
  return isTold ? redirect(NOWHERE, 0) : TcAction.Drop;
}

/** Past the node's stack: into the endpoint's namespace, or out of its interface. */
function deliver(ctx: TcContext, packet: Packet): TcAction {
  const endpoint = endpoints.lookup(packet.targetEndpoint);
  if (!endpoint || endpoint.interfaceIndex === 0) {
    noteDrop(packet, DropReason.EndpointNotReady);
    return drop(ctx, packet);
  }
  count(packet, 0);
  // The node's stack tells the sender when the packet has passed too many routers.
  if (!route(ctx, packet, endpoint)) return TcAction.Pass;
  if (node.hasNetkit && isBeingSent(ctx)) {
    sendOn(ctx, packet);
    return redirect(endpoint.interfaceIndex, 0);
  }
  return redirectPeer(endpoint.interfaceIndex, 0);
}

/** What a router does to a packet: one hop less, and new link addresses. */
function route(ctx: TcContext, packet: Packet, endpoint: EndpointEntry): boolean {
  const isAlive = packet.family === 4 ? hop4(ctx) : hop6(ctx);
  if (!isAlive) return false;
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet) return false;
  ethernet.destination = endpoint.mac;
  ethernet.source = endpoint.gatewayMac;
  return true;
}

/** @source RFC 1812 section 5.3.1; checksum RFC 1624 */
function hop4(ctx: TcContext): boolean {
  const ip = ctx.at(Ipv4Header, ETHERNET_LENGTH);
  if (!ip || ip.ttl <= 1) return false;
  ip.ttl -= 1;
  // The TTL is the upper byte of its word: one less there is 0x100 more in the sum, carry included.
  const sum = ip.checksum + 0x100;
  ip.checksum = (sum & 0xffff) + (sum >>> 16);
  return true;
}

/** @source RFC 8200 section 3 */
function hop6(ctx: TcContext): boolean {
  const ip = ctx.at(Ipv6Header, ETHERNET_LENGTH);
  if (!ip || ip.hopLimit <= 1) return false;
  ip.hopLimit -= 1;
  return true;
}
