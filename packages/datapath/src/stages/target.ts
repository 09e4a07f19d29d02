/** An endpoint is handed only what is for it, wherever the node's routes point. */
import { DropReason } from '@skep/contract';
import type { EndpointEntry } from '@skep/contract';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { count } from './report.ts';
import { isOwnAddress } from './source.ts';

/** @source RFC 4291 section 2.7; the first byte is the lowest of the word as it lies in memory */
export const MULTICAST_FIRST_BYTE = 0xff;

/** The packet is for an address of the endpoint behind this interface. */
export function checkTargetAddress(packet: Packet, own: EndpointEntry): Step {
  if (packet.family === 6 && (packet.destination.upper & 0xff) === MULTICAST_FIRST_BYTE) {
    // Every host says things to all when an interface comes up: counted, not reported.
    count(packet, DropReason.UnknownTargetAddress);
    return Outcome.Dropped;
  }
  const isOwn = isOwnAddress(packet, packet.destination, own);
  return isOwn ? Outcome.Next : DropReason.UnknownTargetAddress;
}
