/** Counting and reporting: the only place that writes events. */
import { jiffies, coarseNanoseconds, WakeUp } from '@skep/ebpf';
import type { u8, u32 } from '@skep/ebpf';
import { DatapathEvent, Direction, EventType, REPORT_INTERVAL_SECONDS } from '@skep/contract';
import type { Connection } from '@skep/contract';
import { node } from '../config.ts';
import { events, lostEvents, traffic } from '../maps.ts';
import type { Packet } from '../packet.ts';
import { isShadow } from './former.ts';

/** Counts the packet under `reason` (0: forwarded). */
export function count(packet: Packet, reason: u8): void {
  if (isShadow(packet)) return;
  const counter = traffic.lookup(reason);
  if (counter) {
    counter.packets += 1;
    counter.bytes += packet.length;
  }
}

/**
 * Reports a packet that belongs to no remembered flow; of each reason, at most one record a tick on
 * each CPU, which then stands for all since the last one.
 */
export function reportDrop(packet: Packet, reason: u8): void {
  const counter = traffic.lookup(reason);
  if (!counter) return;
  const now: u32 = jiffies() & 0xffffffff;
  counter.unreported += 1;
  if (counter.lastReported === now) return;
  // Its ends were not read: what stands there is of the packet before.
  if (packet.family === 0) forgetAddresses(packet);
  emit(packet, EventType.Drop, reason, counter.unreported);
  counter.lastReported = now;
  counter.unreported = 0;
}

function forgetAddresses(packet: Packet): void {
  packet.source.upper = 0;
  packet.source.lower = 0;
  packet.destination.upper = 0;
  packet.destination.lower = 0;
}

/** Whether it is time to report a flow again, or something about it has changed. */
export function isReportDue(packet: Packet, connection: Connection, now: u32): boolean {
  if ((packet.tcpFlags & ~connection.tcpFlags & 0x07) !== 0) return true;
  const since: u32 = now - connection.lastReported;
  return since >= REPORT_INTERVAL_SECONDS * node.jiffiesPerSecond;
}

/** Writes one record; when there is no room, counts it as lost. */
export function emit(packet: Packet, type: EventType, reason: u8, packetCount: u32): void {
  if (isShadow(packet)) return;
  const event = events.reserve(DatapathEvent);
  if (!event) {
    const lost = lostEvents.lookup(0);
    if (lost) lost.value += 1;
    return;
  }
  const source = packet.isReply ? packet.responder : packet.initiator;
  const destination = packet.isReply ? packet.initiator : packet.responder;
  const decider = packet.direction === Direction.Egress ? packet.initiator : packet.responder;
  event.timeNanoseconds = coarseNanoseconds();
  event.source = packet.source;
  event.destination = packet.destination;
  event.sourceIdentity = source.identity;
  event.destinationIdentity = destination.identity;
  event.interfaceIndex = packet.interfaceIndex;
  event.length = packet.length;
  event.count = packetCount;
  event.revision = decider.revision;
  event.sourcePort = packet.sourcePort;
  event.destinationPort = packet.destinationPort;
  event.endpoint = packet.endpoint;
  event.policyEndpoint = decider.endpoint;
  event.type = type;
  event.reason = reason;
  event.hook = packet.hook;
  event.direction = packet.direction;
  event.protocol = packet.protocol;
  event.tcpFlags = packet.tcpFlags;
  event.isReply = packet.isReply;
  event.padding = 0;
  events.submit(event, WakeUp.Adaptive);
}
