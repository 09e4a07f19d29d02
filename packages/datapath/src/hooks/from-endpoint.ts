/**
 * From an endpoint: traffic control ingress of the host's end of its veth, or what its end of a
 * netkit device runs. Everything that the endpoint sends passes here, and nothing passes that no
 * stage has let through.
 */
import { TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { DropReason, Hook } from '@skep/contract';
import type { EndpointEntry } from '@skep/contract';
import { EtherType, EthernetHeader } from '@skep/wire';
import { node } from '../config.ts';
import { packets } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { finish } from '../stages/deliver.ts';
import { decideFlow } from '../stages/flow.ts';
import { answerArp, answerNeighbour } from '../stages/neighbours.ts';
import { begin, parseIpv4, parseIpv6, parseTransport } from '../stages/parse.ts';
import { ownEndpoint } from '../stages/peers.ts';
import {
  checkDestinationMac,
  checkEtherType,
  checkSourceAddress,
  checkSourceMac,
} from '../stages/source.ts';
import { checkReach } from '../stages/target.ts';

/** @program skep_from_ep */
export function fromEndpoint(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  begin(ctx, packet, Hook.FromEndpoint);
  return finish(ctx, packet, walk(ctx, packet));
}

function walk(ctx: TcContext, packet: Packet): Step {
  const own = ownEndpoint(ctx, packet);
  if (!own) return DropReason.EndpointNotReady;
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet) return DropReason.TruncatedHeader;
  let step = checkSourceMac(ctx, ethernet, own);
  if (step !== Outcome.Next) return step;
  if (node.hasNetkit) {
    step = checkEtherType(ctx, ethernet);
    if (step !== Outcome.Next) return step;
  }
  step = parseNetwork(ctx, packet, ethernet, own);
  if (step !== Outcome.Next) return step;
  step = parseTransport(ctx, packet);
  if (step !== Outcome.Next) return step;
  if (packet.family === 6) {
    step = answerNeighbour(ctx, packet, own);
    if (step !== Outcome.Next) return step;
    step = checkReach(packet);
    if (step !== Outcome.Next) return step;
  }
  step = checkDestinationMac(ethernet, own);
  if (step !== Outcome.Next) return step;
  step = checkSourceAddress(packet, own);
  if (step !== Outcome.Next) return step;
  return decideFlow(ctx, packet, own);
}

function parseNetwork(
  ctx: TcContext,
  packet: Packet,
  ethernet: EthernetHeader,
  own: EndpointEntry,
): Step {
  switch (ethernet.type) {
    case EtherType.IPv4:
      return parseIpv4(ctx, packet);
    case EtherType.IPv6:
      return parseIpv6(ctx, packet);
    case EtherType.ARP:
      return answerArp(ctx, packet, own);
    case EtherType.VLAN:
    case EtherType.ServiceVLAN:
      return DropReason.VlanFiltered;
    default:
      return DropReason.UnsupportedNetworkProtocol;
  }
}
