/**
 * To the network: traffic control egress of an uplink. What endpoints send to the world leaves with
 * the node's own address; what the node itself sends is decided by the policies about it.
 */
import { TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { Hook } from '@skep/contract';
import { node } from '../config.ts';
import { packets, uplinks } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { finishAtUplink } from '../stages/deliver.ts';
import { guardDeparture, isGuarded, noteRelated } from '../stages/host.ts';
import { masquerade, masqueradeError, needsMasquerade } from '../stages/masquerade.ts';
import { begin, parseAll } from '../stages/parse.ts';
import { isError } from '../stages/quoted.ts';

/** @program skep_to_net */
export function toNetwork(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  begin(ctx, packet, Hook.ToNetwork);
  return finishAtUplink(packet, walk(ctx, packet));
}

function walk(ctx: TcContext, packet: Packet): Step {
  const read = parseAll(ctx, packet);
  packet.isRelated = 0;
  // Before masquerade turns what it quotes into what the world has sent.
  if (node.guardsHost && read === Outcome.Next && isError(packet)) noteRelated(ctx, packet);
  if (node.masquerades) {
    const step = leaveMasqueraded(ctx, packet, read);
    if (step !== Outcome.Next) return step;
  }
  if (node.guardsHost && isGuarded()) return guardDeparture(ctx, packet, read);
  return Outcome.Pass;
}

function leaveMasqueraded(ctx: TcContext, packet: Packet, read: Step): Step {
  const uplink = uplinks.lookup(ctx.ifindex);
  if (!uplink || packet.family === 0) return Outcome.Next;
  // What endpoints send has been read once already: this is the node's, but for its transport.
  if (read !== Outcome.Next) return needsMasquerade(packet) ? read : Outcome.Next;
  if (isError(packet)) return masqueradeError(ctx, packet, uplink);
  return masquerade(ctx, packet, uplink);
}
