/**
 * Policy: each subject's rules are a program of their own, made at run time and swapped in as one
 * slot of `policies`. The initiator's egress program hands an allowed packet to the responder's
 * ingress program itself; whoever decides last writes `verdict` and goes on at `DECIDED`.
 */
import type { TcContext, u32 } from '@skep/ebpf';
import { ConnectionFlag, Direction, DropReason, Enforced, EventType } from '@skep/contract';
import { DECIDED, policies, subjects } from '../maps.ts';
import { Outcome, PolicyVerdict, Table } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { onItsWay, remember } from './conntrack.ts';
import { count, emit } from './report.ts';

/** Runs the policies of both ends; returns only where neither has one. */
export function decide(ctx: TcContext, packet: Packet): Step {
  const initiator = subjects.lookup(packet.initiator.subject);
  const responder = subjects.lookup(packet.responder.subject);
  if (!initiator || !responder) return DropReason.EndpointNotReady;
  // Read before what is enforced and before the programs run: a swap in between makes the verdict
  // stale, not wrong.
  packet.initiator.revision = initiator.revision;
  packet.responder.revision = responder.revision;
  const hasIngress = (responder.enforced & Enforced.Ingress) !== 0;
  packet.afterEgress = hasIngress ? packet.responder.subject * 2 : DECIDED;
  if (initiator.enforced & Enforced.Egress) {
    policies.tailCall(ctx, packet.initiator.subject * 2 + 1);
    return DropReason.MissedTailCall;
  }
  if (!hasIngress) return Outcome.Next;
  policies.tailCall(ctx, packet.afterEgress);
  return DropReason.MissedTailCall;
}

/** Turns a policy program's verdict into a step; a flow that it denies is remembered as denied. */
export function heed(packet: Packet): Step {
  if (packet.verdict === PolicyVerdict.Allow) return Outcome.Next;
  if (packet.verdict === PolicyVerdict.Missed) return DropReason.MissedTailCall;
  const reason =
    packet.verdict === PolicyVerdict.Deny ? DropReason.PolicyDenyRule : DropReason.PolicyDenied;
  // The responder's side was not asked: a change of its rules does not concern this verdict.
  if (packet.direction === Direction.Egress) {
    packet.responder.subject = 0;
    packet.responder.revision = 0;
  }
  remember(packet, reason);
  count(packet, reason);
  emit(packet, EventType.Drop, reason, 1 + unreportedDrops(packet));
  return Outcome.Dropped;
}

/** What the flow repeated before it was decided anew: nobody else tells of it any more. */
function unreportedDrops(packet: Packet): u32 {
  if (packet.table !== Table.Newcomers) return 0;
  return packet.newcomer.flags & ConnectionFlag.Denied ? packet.newcomer.unreported : 0;
}

/** Both sides agree: the flow is remembered and let through. */
export function admit(packet: Packet): Step {
  if (!remember(packet, 0)) return DropReason.ConnectionNotCreated;
  emit(packet, EventType.PolicyVerdict, 0, 1);
  packet.targetEndpoint = packet.isReply ? packet.initiator.endpoint : packet.responder.endpoint;
  return onItsWay(packet, packet.progress);
}
