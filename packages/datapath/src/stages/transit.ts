/**
 * From an endpoint behind a netkit device to another on this node. Programs of netkit run while the
 * packet is being sent, where the kernel puts none into another namespace: it is sent on out of the
 * other endpoint's interface, and so goes through that hook, too. What is decided is decided once:
 * here the first hook says what it sends on, and the second one lets just that through.
 *
 * Nothing comes in between: both run one after the other on the same CPU.
 */
import type { TcContext, u32 } from '@skep/ebpf';
import { transits } from '../maps.ts';
import type { Packet } from '../packet.ts';

/**
 * Whether the packet is being sent, by who is behind a netkit device: what comes in somewhere, as
 * from a veth, has an interface that it came in by.
 *
 * @source skb_scrub_packet, net/core/skbuff.c; skb_do_redirect, net/core/filter.c
 */
export function isBeingSent(ctx: TcContext): boolean {
  return ctx.ingressIfindex === 0;
}

/** Says that the packet is decided, for the hook of the endpoint that it goes to. */
export function sendOn(ctx: TcContext, packet: Packet): void {
  const transit = transits.lookup(0);
  if (!transit) return;
  transit.source = packet.source;
  transit.destination = packet.destination;
  transit.sourcePort = packet.sourcePort;
  transit.destinationPort = packet.destinationPort;
  transit.protocol = packet.protocol;
  transit.endpoint = packet.targetEndpoint;
  transit.segments = segmentsOf(ctx);
}

/**
 * Whether the packet is what the hook before has sent on. Whatever else is to be decided ends the
 * waiting: one that never arrived leaves nothing open, but for one packet of its own, allowed flow.
 */
export function isSentOn(ctx: TcContext, packet: Packet): boolean {
  const transit = transits.lookup(0);
  if (!transit || transit.segments === 0) return false;
  const waiting = transit.segments;
  transit.segments = 0;
  if (transit.endpoint !== packet.endpoint) return false;
  if (transit.source.upper !== packet.source.upper) return false;
  if (transit.source.lower !== packet.source.lower) return false;
  if (transit.destination.upper !== packet.destination.upper) return false;
  if (transit.destination.lower !== packet.destination.lower) return false;
  // Fragments have no ports before they are joined, and over IPv6 no transport either.
  if (packet.isFragment === 0) {
    if (transit.protocol !== packet.protocol) return false;
    if (transit.sourcePort !== packet.sourcePort) return false;
    if (transit.destinationPort !== packet.destinationPort) return false;
  }
  const segments = segmentsOf(ctx);
  if (segments < waiting) transit.segments = waiting - segments;
  return true;
}

/** A packet of several may be cut up before its next interface. */
function segmentsOf(ctx: TcContext): u32 {
  return ctx.gsoSegments === 0 ? 1 : ctx.gsoSegments;
}
