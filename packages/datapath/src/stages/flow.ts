/**
 * The flow of a packet: remembered, or decided by the policies of both its ends. The same for what
 * an endpoint sends and what it is to get.
 */
import type { TcContext } from '@skep/ebpf';
import type { EndpointEntry } from '@skep/contract';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { orient, recall } from './conntrack.ts';
import { joinFragments } from './fragments.ts';
import { identify } from './peers.ts';
import { admit, decide } from './policy.ts';
import { relate } from './related.ts';

/** Takes a packet whose ends are checked to its verdict; a policy program may end it elsewhere. */
export function decideFlow(ctx: TcContext, packet: Packet, own: EndpointEntry): Step {
  let step = joinFragments(packet);
  if (step !== Outcome.Next) return step;
  orient(packet);
  step = relate(ctx, packet);
  if (step !== Outcome.Next) return step;
  step = recall(ctx, packet);
  if (step !== Outcome.Next) return step;
  step = identify(ctx, packet, own);
  if (step !== Outcome.Next) return step;
  step = decide(ctx, packet);
  if (step !== Outcome.Next) return step;
  return admit(packet);
}
