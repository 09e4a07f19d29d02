/**
 * After a policy program: the packet goes on where its hook left it. Loaded once for all endpoints.
 */
import { TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { packets } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { finish } from '../stages/deliver.ts';
import { admit, decideIngress, heed } from '../stages/policy.ts';

/** The initiator's side has decided. @program skep_egressed */
export function egressDecided(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  return finish(ctx, packet, afterEgress(ctx, packet));
}

function afterEgress(ctx: TcContext, packet: Packet): Step {
  let step = heed(packet);
  if (step !== Outcome.Next) return step;
  step = decideIngress(ctx, packet);
  if (step !== Outcome.Next) return step;
  return admit(packet);
}

/** The responder's side has decided. @program skep_ingressed */
export function ingressDecided(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  return finish(ctx, packet, afterIngress(packet));
}

function afterIngress(packet: Packet): Step {
  const step = heed(packet);
  if (step !== Outcome.Next) return step;
  return admit(packet);
}
