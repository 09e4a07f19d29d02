/** An endpoint speaks only for itself: with its own MAC and IP addresses, to its gateway. */
import type { TcContext } from '@skep/ebpf';
import { DropReason } from '@skep/contract';
import { EthernetWords } from '@skep/wire';
import { self } from '../config.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';

export function checkSourceMac(ctx: TcContext): Step {
  if (ctx.vlanPresent) return DropReason.VlanFiltered;
  const ethernet = ctx.at(EthernetWords, 0);
  if (!ethernet) return DropReason.TruncatedHeader;
  if (ethernet.sourceHead !== self.macHead || ethernet.sourceTail !== self.macTail) {
    return DropReason.InvalidSourceMac;
  }
  return Outcome.Next;
}

/** Frames with an IP packet go to the gateway; ARP and neighbour discovery may be for all. */
export function checkDestinationMac(ctx: TcContext): Step {
  const ethernet = ctx.at(EthernetWords, 0);
  if (!ethernet) return DropReason.TruncatedHeader;
  const isGateway =
    ethernet.destinationHead === self.gatewayMacHead &&
    ethernet.destinationTail === self.gatewayMacTail;
  return isGateway ? Outcome.Next : DropReason.InvalidDestinationMac;
}

export function checkSourceAddress(packet: Packet): Step {
  const upper = packet.family === 4 ? self.address4Upper : self.address6Upper;
  const lower = packet.family === 4 ? self.address4Lower : self.address6Lower;
  // An endpoint without an address of the family has 0, which no packet may come from.
  if (lower === 0 && upper === 0) return DropReason.InvalidSourceAddress;
  if (packet.source.lower !== lower || packet.source.upper !== upper) {
    return DropReason.InvalidSourceAddress;
  }
  return Outcome.Next;
}
