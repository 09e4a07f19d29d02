/** From where frames came out to what became of the packet. */
import { ETHERNET_LENGTH, parseAddress } from '@skep/wire';
import type { Delivery, HookName, UplinkHookName } from '../engine.ts';
import { afterHop } from '../hop.ts';
import { type TrialEndpoint, WORLD_ADDRESS, WORLD_ADDRESS6 } from '../world.ts';
import type { Arrival, Place } from './live-network.ts';

const WORLD = [WORLD_ADDRESS, WORLD_ADDRESS6].map((text) => parseAddress(text).bytes);
/** Bytes from the frame's start to the destination's address, by family. */
const DESTINATION_AT = { 4: ETHERNET_LENGTH + 16, 6: ETHERNET_LENGTH + 24 };

/** Whether the node's stack sends the packet on, out of the uplink. */
export function isRouted(frame: Uint8Array): boolean {
  return WORLD.some((address) => {
    const at = DESTINATION_AT[address.length === 4 ? 4 : 6];
    return Buffer.compare(frame.subarray(at, at + address.length), address) === 0;
  });
}

/** What became of a packet that came out at these places, in this order. */
export function judge(
  hook: HookName,
  endpoint: TrialEndpoint,
  frame: Uint8Array,
  arrivals: readonly Arrival[],
): Delivery {
  const [first, second, ...others] = arrivals;
  if (!first) return { fate: 'drop' };
  const fate = fateAt(hook, endpoint, first.place);
  const isLeaving = first.place.kind === 'stack' && isRouted(frame);
  if (!isLeaving && !second) return { fate, packet: first.frame };
  const hasLeft = isLeaving && second?.place.kind === 'world' && others.length === 0;
  if (hasLeft && isOneHopOn(first.frame, second.frame)) return { fate, packet: first.frame };
  const places = arrivals.map(({ place }) => fateAt(hook, endpoint, place));
  return { fate: `${places.join(', then ')}${isLeaving ? ', expected at the world once' : ''}` };
}

/** What became of a packet at the uplink. */
export function judgeAtUplink(hook: UplinkHookName, arrivals: readonly Arrival[]): Delivery {
  const [first, ...others] = arrivals;
  if (!first) return { fate: 'drop' };
  const expected = hook === 'to network' ? 'world' : 'uplink';
  const places = arrivals.map(({ place }) => place.kind);
  const hasPassed = first.place.kind === expected && others.length === 0;
  return hasPassed ? { fate: 'pass', packet: first.frame } : { fate: places.join(', then ') };
}

function fateAt(hook: HookName, endpoint: TrialEndpoint, place: Place): string {
  if (place.kind === 'world' || place.kind === 'uplink') return place.kind;
  const isOwn = place.endpoint === endpoint;
  if (place.kind === 'stack') return isOwn && hook === 'from' ? 'pass' : 'in the stack';
  if (hook === 'from') return isOwn ? 'answer' : 'to peer';
  return isOwn ? 'pass' : 'to another endpoint';
}

function isOneHopOn(before: Uint8Array, after: Uint8Array): boolean {
  const expected = afterHop(before).subarray(ETHERNET_LENGTH);
  return Buffer.compare(after.subarray(ETHERNET_LENGTH), expected) === 0;
}
