/**
 * To the network: traffic control egress of an uplink. What endpoints send to the world leaves with
 * the node's own address; everything else as it is.
 */
import { TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { Hook } from '@skep/contract';
import { packets, uplinks } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { finishAtUplink } from '../stages/deliver.ts';
import { masquerade, masqueradeError, needsMasquerade } from '../stages/masquerade.ts';
import { begin, parseNetwork, parseTransport } from '../stages/parse.ts';
import { isError } from '../stages/quoted.ts';

/** @program skep_to_net */
export function toNetwork(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  begin(ctx, packet, Hook.ToNetwork);
  return finishAtUplink(packet, walk(ctx, packet));
}

function walk(ctx: TcContext, packet: Packet): Step {
  const uplink = uplinks.lookup(ctx.ifindex);
  if (!uplink) return Outcome.Pass;
  // What endpoints send has been read once already: this is the node's, or no IP.
  if (parseNetwork(ctx, packet) !== Outcome.Next) return Outcome.Pass;
  const step = parseTransport(ctx, packet);
  if (step !== Outcome.Next) return needsMasquerade(packet) ? step : Outcome.Pass;
  if (isError(packet)) return masqueradeError(ctx, packet, uplink);
  return masquerade(ctx, packet, uplink);
}
