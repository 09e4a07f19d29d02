/**
 * From the network: traffic control ingress of an uplink. Answers to what was masqueraded get the
 * endpoint's address again, before the node's stack looks for the way; everything else passes as it
 * is.
 */
import { TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { Hook } from '@skep/contract';
import { packets, uplinks } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { returnAnswer } from '../stages/answers.ts';
import { finishAtUplink } from '../stages/deliver.ts';
import { begin, parseNetwork, parseTransport } from '../stages/parse.ts';

/** @program skep_from_net */
export function fromNetwork(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  begin(ctx, packet, Hook.FromNetwork);
  return finishAtUplink(packet, walk(ctx, packet));
}

function walk(ctx: TcContext, packet: Packet): Step {
  const uplink = uplinks.lookup(ctx.ifindex);
  if (!uplink) return Outcome.Pass;
  if (parseNetwork(ctx, packet) !== Outcome.Next) return Outcome.Pass;
  if (parseTransport(ctx, packet) !== Outcome.Next) return Outcome.Pass;
  return returnAnswer(ctx, packet, uplink);
}
