/**
 * A row of a packet table: a sentence, tables before, packets in; verdict, drop reason and packet
 * out for each.
 */
import type { DropReason } from '@skep/contract';
import type { FrameDescription } from '@skep/wire';
import { makeFrame } from '@skep/wire';
import type { Fate, HookName, UplinkHookName } from './engine.ts';
import type { TrialTables } from './tables.ts';
import { ANNA, BERT, GATEWAY_MAC, type TrialEndpoint, UPLINK_MAC, WORLD_MAC } from './world.ts';

/** One packet and what must become of it. */
export interface Step {
  readonly hook: HookName;
  readonly endpoint: TrialEndpoint;
  readonly frame: Uint8Array;
  readonly fate: Fate;
  /** Of a drop, as it is counted. */
  readonly reason?: DropReason;
  /** The drop is counted only: no record of it is made. */
  readonly isUnreported?: true;
  /** The packet as it must come out; where absent, as it went in or one hop later. */
  readonly out?: Uint8Array;
}

/** One packet at the uplink. What is not dropped passes, and counts as what it was before. */
export interface UplinkStep {
  readonly hook: UplinkHookName;
  readonly frame: Uint8Array;
  readonly fate: 'pass' | 'drop';
  readonly reason?: DropReason;
  /** The packet as it must come out; where absent, as it went in. */
  readonly out?: Uint8Array;
}

/** One row: its steps share tables and conntrack. */
export interface PacketCase {
  readonly sentence: string;
  readonly before?: (tables: TrialTables) => void;
  /** Packets in order, and changes of the tables between them. */
  readonly steps: readonly (Step | UplinkStep | ((tables: TrialTables) => void))[];
  /** Flows that are remembered in the end, as `remembered` tells them; none where absent. */
  readonly after?: readonly string[];
}

/** What a packet carries. */
export type Transport = Omit<
  FrameDescription,
  'source' | 'destination' | 'sourceMac' | 'destinationMac'
>;

/** A frame that an endpoint sends to its gateway. */
export function sent(
  from: TrialEndpoint,
  to: string | TrialEndpoint,
  transport: Transport & Partial<FrameDescription>,
): Uint8Array {
  const isIpv6 = typeof to === 'string' && to.includes(':');
  const destination = typeof to === 'string' ? to : to.ipv4;
  const source = isIpv6 ? from.ipv6 : from.ipv4;
  const link = { sourceMac: from.mac, destinationMac: GATEWAY_MAC };
  return makeFrame({ ...link, source, destination, ...transport });
}

/** A frame that the node's stack hands to an endpoint. */
export function arriving(
  from: string,
  to: TrialEndpoint,
  transport: Transport & Partial<FrameDescription>,
): Uint8Array {
  const destination = from.includes(':') ? to.ipv6 : to.ipv4;
  const link = { sourceMac: GATEWAY_MAC, destinationMac: to.mac };
  return makeFrame({ ...link, source: from, destination, ...transport });
}

/** A frame on the uplink that the node sends. */
export function leaving(from: string, to: string, transport: Transport): Uint8Array {
  const link = { sourceMac: UPLINK_MAC, destinationMac: WORLD_MAC };
  return makeFrame({ ...link, source: from, destination: to, ...transport });
}

/** A frame on the uplink that the world sends. */
export function returning(from: string, to: string, transport: Transport): Uint8Array {
  const link = { sourceMac: WORLD_MAC, destinationMac: UPLINK_MAC };
  return makeFrame({ ...link, source: from, destination: to, ...transport });
}

/** A step of the node sending `frame` out of the uplink, as `out`. */
export function leaves(frame: Uint8Array, out: Uint8Array): UplinkStep {
  return { hook: 'to network', frame, fate: 'pass', out };
}

/** A step of the world sending `frame`, which the node's stack gets as `out`. */
export function returns(frame: Uint8Array, out: Uint8Array): UplinkStep {
  return { hook: 'from network', frame, fate: 'pass', out };
}

/** A step of the node sending what does not get out of the uplink. */
export function stays(frame: Uint8Array, reason: DropReason): UplinkStep {
  return { hook: 'to network', frame, fate: 'drop', reason };
}

/** A step of anna sending, the commonest. */
export function annaSends(frame: Uint8Array, fate: Fate, reason?: DropReason): Step {
  return step('from', ANNA, frame, fate, reason);
}

/** A step of bert sending. */
export function bertSends(frame: Uint8Array, fate: Fate, reason?: DropReason): Step {
  return step('from', BERT, frame, fate, reason);
}

/** A step of the node's stack handing a packet to anna. */
export function annaGets(frame: Uint8Array, fate: Fate, reason?: DropReason): Step {
  return step('to', ANNA, frame, fate, reason);
}

/** A step of the node's stack handing a packet to bert. */
export function bertGets(frame: Uint8Array, fate: Fate, reason?: DropReason): Step {
  return step('to', BERT, frame, fate, reason);
}

function step(
  hook: HookName,
  endpoint: TrialEndpoint,
  frame: Uint8Array,
  fate: Fate,
  reason?: DropReason,
): Step {
  return { hook, endpoint, frame, fate, ...(reason === undefined ? {} : { reason }) };
}

/** A TCP segment between ports. */
export function tcp(sourcePort: number, destinationPort: number, flags: number): Transport {
  return { tcp: { sourcePort, destinationPort, flags } };
}

/** A datagram of 4 bytes between ports. */
export function udp(sourcePort: number, destinationPort: number): Transport {
  return { udp: { sourcePort, destinationPort }, payload: Uint8Array.of(1, 2, 3, 4) };
}

/** A frame with one other byte. */
export function patchByte(frame: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = frame.slice();
  changed[offset] = value;
  return changed;
}
