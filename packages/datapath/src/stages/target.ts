/** An endpoint is handed only what is for it, wherever the node's routes point. */
import { DropReason } from '@skep/contract';
import type { EndpointEntry } from '@skep/contract';
import type { Ipv6Address } from '@skep/wire';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { count } from './report.ts';
import { isOwnAddress } from './source.ts';

/** @source RFC 4291 section 2.7; the first byte is the lowest of the word as it lies in memory */
export const MULTICAST_FIRST_BYTE = 0xff;

/** The first two bytes of fe80::/10, in a word as it lies in memory. */
export const LINK_LOCAL = 0x80fe;
/** The bits of them that count. */
export const LINK_LOCAL_MASK = 0xc0ff;

/** Whether an IPv6 address is of fe80::/10; none of IPv4 is, as tables hold them. */
export function isLinkLocal(address: Ipv6Address): boolean {
  return (address.upper & LINK_LOCAL_MASK) === LINK_LOCAL;
}

/** Whether an IPv6 address is that of a group. */
export function isGroup(address: Ipv6Address): boolean {
  return (address.upper & 0xff) === MULTICAST_FIRST_BYTE;
}

/**
 * The packet goes to one host that may be elsewhere. A multicast or link-local address would reach
 * the node as if it were the world, and ::/64 has no host's address.
 *
 * @source RFC 4291 section 2.4
 */
export function checkReach(packet: Packet): Step {
  const destination = packet.destination;
  const isReachable = destination.upper !== 0 && !isGroup(destination) && !isLinkLocal(destination);
  return isReachable ? Outcome.Next : DropReason.UnknownTargetAddress;
}

/** The packet is for an address of the endpoint behind this interface. */
export function checkTargetAddress(packet: Packet, own: EndpointEntry): Step {
  if (packet.family === 6 && isGroup(packet.destination)) {
    // Every host says things to all when an interface comes up: counted, not reported.
    count(packet, DropReason.UnknownTargetAddress);
    return Outcome.Dropped;
  }
  const isOwn = isOwnAddress(packet, packet.destination, own);
  return isOwn ? Outcome.Next : DropReason.UnknownTargetAddress;
}
