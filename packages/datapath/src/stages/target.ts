/** An endpoint is handed only what is for it, wherever the node's routes point. */
import { DropReason } from '@skep/contract';
import { self } from '../config.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { count } from './report.ts';

/** @source RFC 4291 section 2.7; the first byte is the lowest of the word as it lies in memory */
export const MULTICAST_FIRST_BYTE = 0xff;

export function checkTargetAddress(packet: Packet): Step {
  const upper = packet.family === 4 ? self.address4Upper : self.address6Upper;
  const lower = packet.family === 4 ? self.address4Lower : self.address6Lower;
  if (packet.family === 6 && (packet.destination.upper & 0xff) === MULTICAST_FIRST_BYTE) {
    // Every host says things to all when an interface comes up: counted, not reported.
    count(packet, DropReason.UnknownTargetAddress);
    return Outcome.Dropped;
  }
  if (lower === 0 && upper === 0) return DropReason.UnknownTargetAddress;
  if (packet.destination.lower !== lower || packet.destination.upper !== upper) {
    return DropReason.UnknownTargetAddress;
  }
  return Outcome.Next;
}
