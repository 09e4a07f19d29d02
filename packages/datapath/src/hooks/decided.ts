/**
 * After the policy programs: the packet goes on where its hook left it. Loaded once for all
 * endpoints.
 */
import { TcAction } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { Hook } from '@skep/contract';
import { packets } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { finish, finishAtUplink } from '../stages/deliver.ts';
import { admit, heed } from '../stages/policy.ts';

/** One side has refused, or all sides that have rules have agreed. @program skep_decided */
export function decided(ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  if (!packet) return TcAction.Drop;
  const step = walk(packet);
  const isAtUplink = packet.hook === Hook.FromNetwork || packet.hook === Hook.ToNetwork;
  return isAtUplink ? finishAtUplink(packet, step) : finish(ctx, packet, step);
}

function walk(packet: Packet): Step {
  const step = heed(packet);
  if (step !== Outcome.Next) return step;
  return admit(packet);
}
