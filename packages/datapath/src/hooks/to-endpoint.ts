/**
 * To an endpoint: traffic control egress of the host's end of its veth, or what the host's end of a
 * netkit device runs. What the node's stack hands over passes here: from the node itself, from the
 * world, and from local endpoints where the kernel cannot redirect to a peer; and what an endpoint
 * behind a netkit device sends another.
 */
import { TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { DropReason, Hook } from '@skep/contract';
import { EtherType, EthernetHeader } from '@skep/wire';
import { node } from '../config.ts';
import { packets } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { finish } from '../stages/deliver.ts';
import { decideFlow } from '../stages/flow.ts';
import { isNeighbourAnswer } from '../stages/neighbours.ts';
import { begin, parseIpv4, parseIpv6, parseTransport } from '../stages/parse.ts';
import { ownEndpoint } from '../stages/peers.ts';
import { checkTargetAddress } from '../stages/target.ts';
import { isSentOn } from '../stages/transit.ts';

/** @program skep_to_ep */
export function toEndpoint(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  begin(ctx, packet, Hook.ToEndpoint);
  return finish(ctx, packet, walk(ctx, packet));
}

function walk(ctx: TcContext, packet: Packet): Step {
  const own = ownEndpoint(ctx, packet);
  if (!own) return DropReason.EndpointNotReady;
  let step = parseNetwork(ctx, packet);
  if (step !== Outcome.Next) return step;
  step = parseTransport(ctx, packet);
  if (step !== Outcome.Next) return step;
  if (isNeighbourAnswer(ctx, packet)) return Outcome.Pass;
  step = checkTargetAddress(packet, own);
  if (step !== Outcome.Next) return step;
  if (node.hasNetkit && isSentOn(ctx, packet)) return Outcome.SentOn;
  return decideFlow(ctx, packet, own);
}

/** The node asks for its endpoints' MAC addresses, too: ARP carries nothing else. */
function parseNetwork(ctx: TcContext, packet: Packet): Step {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet) return DropReason.TruncatedHeader;
  switch (ethernet.type) {
    case EtherType.IPv4:
      return parseIpv4(ctx, packet);
    case EtherType.IPv6:
      return parseIpv6(ctx, packet);
    case EtherType.ARP:
      return Outcome.Pass;
    default:
      return DropReason.UnsupportedNetworkProtocol;
  }
}
