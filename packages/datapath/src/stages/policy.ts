/**
 * Policy: each subject's rules are a program of their own, made at run time and swapped in as one
 * slot of `policies`. It reads the packet, writes `verdict` and goes on at a continuation.
 */
import type { TcContext } from '@skep/ebpf';
import { Direction, DropReason, Enforced, EventType } from '@skep/contract';
import { policies, subjects } from '../maps.ts';
import { Outcome, PolicyVerdict } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { remember } from './conntrack.ts';
import { count, emit } from './report.ts';

/** Runs the initiator's egress policy; returns only where there is none. */
export function decideEgress(ctx: TcContext, packet: Packet): Step {
  const subject = subjects.lookup(packet.initiator.subject);
  if (!subject) return DropReason.EndpointNotReady;
  packet.initiator.revision = subject.revision;
  if ((subject.enforced & Enforced.Egress) === 0) return Outcome.Next;
  packet.direction = Direction.Egress;
  packet.peerSelectorSet = packet.responder.selectorSet;
  packet.verdict = PolicyVerdict.Unmatched;
  policies.tailCall(ctx, packet.initiator.subject * 2 + 1);
  return DropReason.MissedTailCall;
}

/** Runs the responder's ingress policy; returns only where there is none. */
export function decideIngress(ctx: TcContext, packet: Packet): Step {
  const subject = subjects.lookup(packet.responder.subject);
  if (!subject) return DropReason.EndpointNotReady;
  packet.responder.revision = subject.revision;
  if ((subject.enforced & Enforced.Ingress) === 0) return Outcome.Next;
  packet.direction = Direction.Ingress;
  packet.peerSelectorSet = packet.initiator.selectorSet;
  packet.verdict = PolicyVerdict.Unmatched;
  policies.tailCall(ctx, packet.responder.subject * 2);
  return DropReason.MissedTailCall;
}

/** Turns a policy program's verdict into a step; a flow that it denies is remembered as denied. */
export function heed(packet: Packet): Step {
  if (packet.verdict === PolicyVerdict.Allow) return Outcome.Next;
  const reason =
    packet.verdict === PolicyVerdict.Deny ? DropReason.PolicyDenyRule : DropReason.PolicyDenied;
  // The responder's side was not asked: a change of its rules does not concern this verdict.
  if (packet.direction === Direction.Egress) packet.responder.subject = 0;
  remember(packet, reason);
  count(packet, reason);
  emit(packet, EventType.Drop, reason, 1);
  return Outcome.Dropped;
}

/** Both sides agree: the flow is remembered and let through. */
export function admit(packet: Packet): Step {
  if (!remember(packet, 0)) return DropReason.ConnectionNotCreated;
  emit(packet, EventType.PolicyVerdict, 0, 1);
  packet.targetEndpoint = packet.isReply ? packet.initiator.endpoint : packet.responder.endpoint;
  return packet.targetEndpoint ? Outcome.ToEndpoint : Outcome.Pass;
}
