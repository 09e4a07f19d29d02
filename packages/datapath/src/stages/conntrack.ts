/**
 * Conntrack: what was decided for a flow holds for its later packets, in both directions, until the
 * rules or the peers change. Two tables, so that what strangers can fill evicts no connection.
 */
import { jiffies, u8 } from '@skep/ebpf';
import type { TcContext, u16, u32 } from '@skep/ebpf';
import {
  Connection,
  ConnectionFlag,
  Direction,
  DropReason,
  EventType,
  Hook,
  HOST_SUBJECT,
  IcmpPort,
  LifetimeSeconds,
  TraceReason,
} from '@skep/contract';
import { IpProtocol, TcpFlag } from '@skep/wire';
import { node } from '../config.ts';
import { connections, interfaces, nodeState, subjects } from '../maps.ts';
import { Outcome, Table } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { isIcmp } from './parse.ts';
import { advance, findNewcomer, keepNewcomer, leave, locate } from './newcomers.ts';
import { putBackCounts, putBackTimes } from './newcomers.ts';
import { count, emit, isReportDue } from './report.ts';

/** Writes the packet's tuple: the lower end first. */
export function orient(packet: Packet): void {
  const tuple = packet.tuple;
  tuple.protocol = packet.protocol;
  if (isSourceLower(packet)) {
    packet.isSourceFirst = 1;
    tuple.firstAddress = packet.source;
    tuple.secondAddress = packet.destination;
    tuple.firstPort = packet.sourcePort;
    tuple.secondPort = packet.destinationPort;
  } else {
    packet.isSourceFirst = 0;
    tuple.firstAddress = packet.destination;
    tuple.secondAddress = packet.source;
    tuple.firstPort = packet.destinationPort;
    tuple.secondPort = packet.sourcePort;
  }
}

/** Any order will do, as long as it is the same for all packets. */
function isSourceLower(packet: Packet): boolean {
  if (packet.source.lower !== packet.destination.lower) {
    return packet.source.lower < packet.destination.lower;
  }
  if (packet.source.upper !== packet.destination.upper) {
    return packet.source.upper < packet.destination.upper;
  }
  return packet.sourcePort < packet.destinationPort;
}

/**
 * Decides a packet of a remembered flow. `Outcome.Next`: it has to be decided by policy, as the
 * flow's first packet or anew; `packet.isReply` then says which end began the flow.
 */
export function recall(ctx: TcContext, packet: Packet): Step {
  const connection = find(packet);
  if (!connection) return begin(packet);
  const now: u32 = jiffies() & 0xffff_ffff;
  const isReply = (connection.flags ^ packet.isSourceFirst) & ConnectionFlag.InitiatorIsFirst;
  const isForward = isReply === 0;
  if (beginsAnew(packet, connection, isForward, now)) {
    if (packet.table === Table.Connections) packet.table = Table.Ended;
    packet.newcomer.acknowledgment = 0;
    return begin(packet);
  }
  // Whoever knows the ports could end an open connection so, with the responder's address.
  if (!isForward && opensTcp(packet)) return DropReason.UnknownConnectionState;
  packet.isReply = isReply;
  if (!isCurrent(connection)) {
    packet.progress = u8(connection.flags & KEPT);
    return Outcome.Next;
  }
  if (connection.flags & ConnectionFlag.Denied) return repeatDrop(packet, connection, now);
  const sender = isForward ? connection.egressEndpoint : connection.ingressEndpoint;
  const subject = isForward ? connection.egressSubject : connection.ingressSubject;
  if (isForged(ctx, packet, sender, subject)) return DropReason.InvalidSourceAddress;
  follow(packet, connection, isForward, now);
  packet.targetEndpoint = isForward ? connection.ingressEndpoint : connection.egressEndpoint;
  return onItsWay(packet, connection.flags);
}

/** To `targetEndpoint`, straight where nothing of the node's stack has a part in the flow. */
export function onItsWay(packet: Packet, flags: u16): Step {
  const isStraight = packet.targetEndpoint !== 0 && (flags & ConnectionFlag.ThroughStack) === 0;
  return isStraight ? Outcome.ToEndpoint : Outcome.Pass;
}

/**
 * What an endpoint sends comes in by its own device, where its source was checked, and what the
 * node sends comes in nowhere. The node's address may also have been put by its own NAT: into what
 * an endpoint sends itself by a port of the node, and into answers from such a port.
 */
export function isForged(ctx: TcContext, packet: Packet, sender: u16, subject: u16): boolean {
  if (packet.hook !== Hook.ToEndpoint) return false;
  if (sender === 0 && (subject !== HOST_SUBJECT || ctx.ingressIfindex === 0)) return false;
  const found = interfaces.lookup(ctx.ingressIfindex);
  const behind: u32 = found ? found.value : 0;
  if (sender !== 0) return behind !== sender;
  return packet.isReply ? behind === 0 : behind !== packet.endpoint;
}

/**
 * Looks first where the flow most likely is: a SYN that comes again asks for what was denied, or
 * not answered yet.
 */
function find(packet: Packet): Connection | null {
  const isOpening = opensTcp(packet);
  if (!isOpening) {
    const connection = findConnection(packet);
    if (connection) return connection;
  }
  const newcomer = findNewcomer(packet);
  if (newcomer) return newcomer;
  return isOpening ? findConnection(packet) : null;
}

function findConnection(packet: Packet): Connection | null {
  const connection = connections.lookup(packet.tuple);
  if (connection) packet.table = Table.Connections;
  return connection;
}

/** Both ends have spoken, and policy lets them. */
function isOpen(connection: Connection): boolean {
  const flags = connection.flags & (ConnectionFlag.Answered | ConnectionFlag.Denied);
  return flags === ConnectionFlag.Answered;
}

/**
 * Half a round of the 32-bit clock. Another CPU may have seen the flow a tick after this one has
 * read the clock: what seems to be longer ago than this is still to come.
 */
export const CLOCK_HALF = 0x8000_0000;

/** Whether the packet begins another flow between the same ends. */
function beginsAnew(packet: Packet, connection: Connection, isForward: boolean, now: u32): boolean {
  if (isOver(packet.protocol, connection, now)) return true;
  if (packet.protocol === IpProtocol.TCP) {
    if (!opensTcp(packet)) return false;
    if (connection.flags & CLOSING) return true;
    return !isForward && !isOpen(connection);
  }
  // What one end was denied says nothing about the other end's own flow.
  return !isForward && (connection.flags & ConnectionFlag.Denied) !== 0;
}

/** Whether a flow has been silent for longer than it may be. */
export function isOver(protocol: IpProtocol, connection: Connection, now: u32): boolean {
  const idle: u32 = now - connection.lastSeen;
  // No lifetime is shorter, and most packets come sooner.
  const isIdle = idle >= LifetimeSeconds.TcpClosing * node.jiffiesPerSecond;
  return (
    isIdle &&
    idle < CLOCK_HALF &&
    idle >= lifetimeSeconds(protocol, connection.flags) * node.jiffiesPerSecond
  );
}

/**
 * A TCP flow begins with a SYN: taken up in the middle, nobody could say who opened it, and a flow
 * that was revoked would come back from its other end. So it would with the answer to a ping.
 */
function begin(packet: Packet): Step {
  packet.progress = 0;
  const mayBegin = packet.protocol === IpProtocol.TCP ? opensTcp(packet) : !isStray(packet);
  return mayBegin ? Outcome.Next : DropReason.UnknownConnectionState;
}

/** An answer to no question that is known. What all have been asked the node answers for itself. */
function isStray(packet: Packet): boolean {
  if (packet.hook === Hook.ToNetwork) return false;
  return isIcmp(packet) && packet.sourcePort === IcmpPort.Answerer;
}

/** Whether the packet is the first that a TCP connection has. */
export function opensTcp(packet: Packet): boolean {
  return (packet.tcpFlags & (TcpFlag.SYN | TcpFlag.ACK)) === TcpFlag.SYN;
}

/** Flags of a TCP flow that has begun to end. */
export const CLOSING =
  ConnectionFlag.InitiatorFinished | ConnectionFlag.ResponderFinished | ConnectionFlag.Reset;
/** Flags that stay when a flow is decided anew. */
export const KEPT = ConnectionFlag.Answered | ConnectionFlag.ThroughStack | CLOSING;
/** Flags of a TCP flow that both ends have ended. */
export const FINISHED = ConnectionFlag.InitiatorFinished | ConnectionFlag.ResponderFinished;

/** How long a flow may be silent. */
export function lifetimeSeconds(protocol: IpProtocol, flags: u16): u32 {
  if (protocol !== IpProtocol.TCP) return LifetimeSeconds.Other;
  if ((flags & FINISHED) === FINISHED) return LifetimeSeconds.TcpClosing;
  if (flags & ConnectionFlag.Reset) return LifetimeSeconds.TcpClosing;
  return flags & ConnectionFlag.Answered
    ? LifetimeSeconds.TcpEstablished
    : LifetimeSeconds.TcpOpening;
}

/** Whether the rules and the peers are still those that the verdict was made with. */
export function isCurrent(connection: Connection): boolean {
  const state = nodeState.lookup(0);
  const egress = subjects.lookup(connection.egressSubject);
  const ingress = subjects.lookup(connection.ingressSubject);
  if (!state || !egress || !ingress) return false;
  return (
    state.membershipRevision === connection.membershipRevision &&
    egress.revision === connection.egressRevision &&
    ingress.revision === connection.ingressRevision
  );
}

/** Bytes that a responder sends before it has heard of the initiator again. */
export const ACKNOWLEDGED_AT_ONCE = 0x1_0000;

/** For the records: only what they show. */
function recallEnds(packet: Packet, connection: Connection): void {
  packet.initiator.identity = connection.initiatorIdentity;
  packet.responder.identity = connection.responderIdentity;
  packet.initiator.endpoint = connection.egressEndpoint;
  packet.responder.endpoint = connection.ingressEndpoint;
  packet.initiator.revision = connection.egressRevision;
  packet.responder.revision = connection.ingressRevision;
}

/** A flow that was denied stays so without asking the rules again. */
function repeatDrop(packet: Packet, connection: Connection, now: u32): Step {
  connection.lastSeen = now;
  connection.unreported += 1;
  count(packet, connection.reason);
  if (isReportDue(packet, connection, now)) {
    recallEnds(packet, connection);
    // A subject of the responder's is remembered where its rules were asked.
    packet.direction = connection.ingressSubject ? Direction.Ingress : Direction.Egress;
    emit(packet, EventType.Drop, connection.reason, connection.unreported);
    reported(packet, connection, now);
  }
  if (packet.table === Table.Newcomers) putBackTimes(packet);
  return Outcome.Dropped;
}

/** Brings the entry up to date with one more packet. */
function follow(packet: Packet, connection: Connection, isForward: boolean, now: u32): void {
  connection.lastSeen = now;
  connection.unreported += 1;
  if (isForward) {
    connection.forwardPackets += 1;
    connection.forwardBytes += packet.length;
  } else {
    connection.replyPackets += 1;
    connection.replyBytes += packet.length;
  }
  // Who goes on after a RST has not heeded it: it may have been forged.
  const flags = (connection.flags & ~ConnectionFlag.Reset) | flagsOf(packet, isForward);
  const isAnswer = !isForward && packet.table === Table.Newcomers && answersSyn(packet);
  if (flags !== connection.flags || isAnswer) {
    connection.flags = flags;
    if (isAnswer) connection.acknowledgment = packet.sequence + 1;
    if (packet.table === Table.Newcomers) advance(packet);
  }
  if (node.reportsForwarded && isReportDue(packet, connection, now)) {
    const reason: u8 = isForward ? TraceReason.Established : TraceReason.Reply;
    recallEnds(packet, connection);
    emit(packet, EventType.Trace, reason, connection.unreported);
    reported(packet, connection, now);
  }
  if (packet.table !== Table.Newcomers) return;
  if (
    isForward &&
    isProven(packet, connection) &&
    connections.update(packet.tuple, connection) === 0
  ) {
    leave(packet);
    return;
  }
  putBackTimes(packet);
  putBackCounts(packet);
}

/**
 * Whether the initiator has heard the answer, so that its address is its own. Who speaks TCP says
 * what it has heard: a stranger with a forged address cannot know it. Of other protocols only local
 * endpoints are believed, whose addresses are checked; what strangers begin stays with newcomers.
 */
function isProven(packet: Packet, connection: Connection): boolean {
  if ((connection.flags & ConnectionFlag.Answered) === 0) return false;
  if (packet.protocol !== IpProtocol.TCP) return isBegunHere(connection);
  if ((packet.tcpFlags & TcpFlag.ACK) === 0 || connection.acknowledgment === 0) return false;
  // Data may be acknowledged together with the SYN.
  const further: u32 = packet.acknowledgment - connection.acknowledgment;
  return further < ACKNOWLEDGED_AT_ONCE;
}

/** By an endpoint of this node, or by the node. */
function isBegunHere(connection: Connection): boolean {
  return connection.egressEndpoint !== 0 || connection.egressSubject === HOST_SUBJECT;
}

function answersSyn(packet: Packet): boolean {
  const flags = TcpFlag.SYN | TcpFlag.ACK;
  return (packet.tcpFlags & flags) === flags;
}

/** What this packet adds to the flags of its flow. */
export function flagsOf(packet: Packet, isForward: boolean): u16 {
  let flags: u16 = isForward ? 0 : ConnectionFlag.Answered;
  // Only TCP has flags here.
  if (packet.tcpFlags & (TcpFlag.FIN | TcpFlag.RST)) {
    if (packet.tcpFlags & TcpFlag.RST) flags |= ConnectionFlag.Reset;
    if (packet.tcpFlags & TcpFlag.FIN) {
      flags |= isForward ? ConnectionFlag.InitiatorFinished : ConnectionFlag.ResponderFinished;
    }
  }
  return flags;
}

function reported(packet: Packet, connection: Connection, now: u32): void {
  connection.lastReported = now;
  connection.unreported = 0;
  connection.tcpFlags |= packet.tcpFlags;
}

/** A flow between endpoints that nobody has begun before the node's stack. */
function comesFromStack(packet: Packet): boolean {
  return packet.hook === Hook.ToEndpoint && packet.isReply === 0 && packet.initiator.endpoint !== 0;
}

/** Remembers what was decided; `reason` 0: allowed. False when there is no room. */
export function remember(packet: Packet, reason: u8): boolean {
  const now: u32 = jiffies() & 0xffff_ffff;
  let flags: u16 = (packet.isSourceFirst ^ packet.isReply) & ConnectionFlag.InitiatorIsFirst;
  if (reason) flags |= ConnectionFlag.Denied;
  else if (comesFromStack(packet)) packet.progress |= ConnectionFlag.ThroughStack;
  const entry = new Connection({
    forwardPackets: 1 - packet.isReply,
    forwardBytes: packet.isReply ? 0 : packet.length,
    replyPackets: packet.isReply,
    replyBytes: packet.isReply ? packet.length : 0,
    lastSeen: now,
    lastReported: now,
    membershipRevision: packet.membershipRevision,
    egressRevision: packet.initiator.revision,
    ingressRevision: packet.responder.revision,
    initiatorIdentity: packet.initiator.identity,
    responderIdentity: packet.responder.identity,
    egressEndpoint: packet.initiator.endpoint,
    ingressEndpoint: packet.responder.endpoint,
    egressSubject: packet.initiator.subject,
    ingressSubject: packet.responder.subject,
    acknowledgment: packet.table === Table.Newcomers ? packet.newcomer.acknowledgment : 0,
    unreported: 0,
    flags: flags | packet.progress | flagsOf(packet, packet.isReply === 0),
    reason,
    tcpFlags: packet.tcpFlags,
  });
  // A flow that is decided anew keeps its place.
  if (packet.table === Table.Connections) return connections.update(packet.tuple, entry) === 0;
  if (packet.table === Table.Ended) {
    connections.delete(packet.tuple);
    if (!locate(packet)) return false;
  }
  return keepNewcomer(packet, entry);
}
