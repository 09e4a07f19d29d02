/** An endpoint is handed only what is for it, wherever the node's routes point. */
import { DropReason } from '@skep/contract';
import { self } from '../config.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';

export function checkTargetAddress(packet: Packet): Step {
  const upper = packet.family === 4 ? self.address4Upper : self.address6Upper;
  const lower = packet.family === 4 ? self.address4Lower : self.address6Lower;
  if (lower === 0 && upper === 0) return DropReason.UnknownTargetAddress;
  if (packet.destination.lower !== lower || packet.destination.upper !== upper) {
    return DropReason.UnknownTargetAddress;
  }
  return Outcome.Next;
}
