/** One frame through one hook, with no expectation: what an engine did, ready to be compared. */
import { TcAction } from '@skep/ebpf';
import { EtherType, Icmpv6Type, IpProtocol } from '@skep/wire';
import type { HookName } from './engine.ts';
import { type ProgramEngine, type ProgramResult, runHook } from './program-engine.ts';
import { changed, counters } from './run-case.ts';
import type { TrialTables } from './tables.ts';
import { moveTo, setPolicy, type TrialEndpoint } from './world.ts';

/** What all engines must agree on. */
export interface Observation {
  readonly action: number;
  /** Drop reasons that counted the frame; 0 counts what was forwarded. */
  readonly reasons: readonly number[];
  /** The frame afterwards, in hexadecimal digits. */
  readonly packet: string;
}

const CLOSED = { isEnforced: true, segments: [] };
const ETHERNET_BYTES = 14;

/** Nothing may begin, in either direction. */
export function closePolicy(tables: TrialTables, endpoint: TrialEndpoint, revision: number): void {
  setPolicy(tables, endpoint, { ingress: CLOSED, egress: CLOSED }, revision);
}

/** Runs a frame through a hook and reads the traffic counters before and after. */
export function observe(
  engine: ProgramEngine,
  hook: HookName,
  endpoint: TrialEndpoint,
  frame: Uint8Array,
): Observation {
  moveTo(engine, endpoint);
  const before = counters(engine);
  const { action, packet } = runHook(engine, hook, frame);
  const reasons = changed(before, counters(engine));
  return { action, reasons, packet: Buffer.from(packet).toString('hex') };
}

/**
 * Whether the kernel's test run takes the frame: it wants a whole IP header behind the link header.
 *
 * @source bpf_prog_test_run_skb, net/bpf/test_run.c
 */
export function isTakenByKernel(frame: Uint8Array): boolean {
  if (frame.length < ETHERNET_BYTES) return false;
  switch (etherTypeOf(frame)) {
    case EtherType.IPv4:
      return frame.length >= ETHERNET_BYTES + 20;
    case EtherType.IPv6:
      return frame.length >= ETHERNET_BYTES + 40;
    default:
      return frame.length > ETHERNET_BYTES;
  }
}

/**
 * Whether a closed policy allows this end of a frame: dropped, ARP or a neighbour's answer handed
 * to an endpoint, or a neighbour's question answered to who asked it.
 */
export function isClosed(hook: HookName, frame: Uint8Array, result: ProgramResult): boolean {
  if (result.action === TcAction.Drop) return true;
  if (hook === 'to') {
    const isNeighbours = etherTypeOf(frame) === EtherType.ARP || isAdvertisement(frame);
    return result.action === TcAction.Pass && isNeighbours;
  }
  if (result.action !== TcAction.Redirect || !isReturned(frame, result.packet)) return false;
  if (etherTypeOf(result.packet) === EtherType.ARP) return result.packet[21] === 2;
  return isAdvertisement(result.packet);
}

/** A neighbour's answer that no router has sent on. @source RFC 4861 section 7.1.2 */
function isAdvertisement(frame: Uint8Array): boolean {
  const isIcmpv6 = frame[20] === IpProtocol.ICMPv6 && frame[21] === 255;
  return isIcmpv6 && frame[54] === Icmpv6Type.NeighborAdvertisement;
}

function isReturned(frame: Uint8Array, answer: Uint8Array): boolean {
  return Buffer.compare(frame.subarray(6, 12), answer.subarray(0, 6)) === 0;
}

/** The 16 bits behind the MAC addresses, in host order; 0 where the frame ends before them. */
export function etherTypeOf(frame: Uint8Array): number {
  return ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
}
