/**
 * From the network: traffic control ingress of an uplink. Answers to what was masqueraded get the
 * endpoint's address again, before the node's stack looks for the way; who speaks in the name of
 * the node, or of an endpoint, is not heard; what is for the node itself is decided by the policies
 * about it; everything else passes as it is.
 */
import { TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { DropReason, Hook } from '@skep/contract';
import { node } from '../config.ts';
import { packets, uplinks } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { returnAnswer } from '../stages/answers.ts';
import { finishAtUplink } from '../stages/deliver.ts';
import { guardArrival, isGuarded } from '../stages/host.ts';
import { begin, parseAll } from '../stages/parse.ts';
import { isImpostor } from '../stages/peers.ts';

/** @program skep_from_net */
export function fromNetwork(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  begin(ctx, packet, Hook.FromNetwork);
  return finishAtUplink(packet, walk(ctx, packet));
}

function walk(ctx: TcContext, packet: Packet): Step {
  const read = parseAll(ctx, packet);
  if (node.masquerades && read === Outcome.Next) {
    const uplink = uplinks.lookup(ctx.ifindex);
    const step: Step = uplink ? returnAnswer(ctx, packet, uplink) : Outcome.Next;
    if (step !== Outcome.Next) return step;
  }
  if (packet.family !== 0 && isImpostor(packet)) return DropReason.InvalidSourceAddress;
  if (node.guardsHost && isGuarded()) return guardArrival(ctx, packet, read);
  return Outcome.Pass;
}
