/** From a record of the datapath to what people see. */
import {
  type DatapathEvent,
  describeDropReason,
  Direction,
  DropReason,
  EventType,
  Hook,
  ReservedIdentity,
  TraceReason,
} from '@skep/contract';
import type { Decoded } from '@skep/ebpf';
import { PolicyProtocol, type RuleReference } from '@skep/policy';
import { IpProtocol, TcpFlag } from '@skep/wire';
import { qualifiedName } from '../model/endpoint-facts.ts';
import type { NodeModel } from '../model/node-model.ts';
import type { FlowEndView, FlowView } from '../views.ts';
import { eventAddress } from './event-addresses.ts';

const FLAG_NAMES = Object.entries(TcpFlag).filter(
  (entry): entry is [string, TcpFlag] => typeof entry[1] === 'number',
);
const WITH_PORTS = new Set<number>([IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP]);

/** @param time when the packet passed, in the format of ISO 8601 */
export function toFlow(event: Decoded<DatapathEvent>, model: NodeModel, time: string): FlowView {
  const isRead = hasAddresses(event);
  const [source, destination] = isRead
    ? [endOf(event, 'source', model), endOf(event, 'destination', model)]
    : unreadEnds(event, model);
  const isDropped = event.type === EventType.Drop;
  const isDecided = event.type === EventType.PolicyVerdict || isPolicyDrop(event);
  const direction = event.direction === Direction.Egress ? 'egress' : 'ingress';
  return {
    time,
    verdict: isDropped ? 'dropped' : 'forwarded',
    ...(isDropped ? { reason: describeDropReason(event.reason).name } : {}),
    source,
    destination,
    protocol: isRead ? (IpProtocol[event.protocol] ?? String(event.protocol)) : '',
    ...(event.protocol === IpProtocol.TCP ? { tcpFlags: flagsText(event.tcpFlags) } : {}),
    isReply: event.isReply !== 0,
    isNew: event.type === EventType.PolicyVerdict || event.reason === TraceReason.New,
    ...(isPolicyDrop(event) ? { direction } : {}),
    rules: isDecided ? rulesOf(event, model) : [],
    lengthBytes: event.length,
    count: event.count,
  };
}

/** Whether a rule, or the want of one, is the reason. */
export function isPolicyDrop(event: Decoded<DatapathEvent>): boolean {
  if (event.type !== EventType.Drop) return false;
  return event.reason === DropReason.PolicyDenied || event.reason === DropReason.PolicyDenyRule;
}

/** Frames that are dropped before their IP header is read have none. */
function hasAddresses({ source, destination }: Decoded<DatapathEvent>): boolean {
  return [source, destination].some(({ upper, lower }) => upper !== 0n || lower !== 0n);
}

/** Whoever sent the frame, or was to get it; of the other end nothing is known. */
function unreadEnds(event: Decoded<DatapathEvent>, model: NodeModel): [FlowEndView, FlowEndView] {
  const nobody = { address: '', identity: ReservedIdentity.Unknown, name: '' };
  const own = { address: '', ...ownerOf(event, model) };
  return event.hook === Hook.ToEndpoint ? [nobody, own] : [own, nobody];
}

type Owner = Pick<FlowEndView, 'identity' | 'name'>;
const UNKNOWN: Owner = { identity: ReservedIdentity.Unknown, name: 'unknown' };

function ownerOf({ hook, endpoint }: Decoded<DatapathEvent>, model: NodeModel): Owner {
  if (hook === Hook.FromNetwork) return { identity: ReservedIdentity.World, name: 'world' };
  if (hook === Hook.ToNetwork) return { identity: ReservedIdentity.Host, name: 'host' };
  const known = model.endpoint(endpoint);
  if (!known) return UNKNOWN;
  return { identity: known.identity, name: qualifiedName(known) };
}

function endOf(
  event: Decoded<DatapathEvent>,
  end: 'source' | 'destination',
  model: NodeModel,
): FlowEndView {
  const { address, text } = eventAddress(event[end]);
  const port = end === 'source' ? event.sourcePort : event.destinationPort;
  const identity = end === 'source' ? event.sourceIdentity : event.destinationIdentity;
  const isForged = end === 'source' && hasForeignSource(event);
  return {
    address: text,
    ...(WITH_PORTS.has(event.protocol) ? { port } : {}),
    ...(isForged ? senderOf(event, model) : { identity, name: model.ownerOf(address) }),
  };
}

function hasForeignSource({ type, reason }: Decoded<DatapathEvent>): boolean {
  return type === EventType.Drop && reason === DropReason.InvalidSourceAddress;
}

/** Known where it came in, whatever address it has: not the one whom that belongs to. */
function senderOf(event: Decoded<DatapathEvent>, model: NodeModel): Owner {
  const isIncoming = event.hook === Hook.FromEndpoint || event.hook === Hook.FromNetwork;
  return isIncoming ? ownerOf(event, model) : UNKNOWN;
}

/** Names of rules, by what they depend on; a flood of one kind of flow is explained once. */
const rulesByFlow = new WeakMap<NodeModel, Map<string, string[]>>();
const REMEMBERED_MAX = 4096;

function rulesOf(event: Decoded<DatapathEvent>, model: NodeModel): string[] {
  const { protocol, isReply, direction, type, reason } = event;
  const ports = WITH_PORTS.has(protocol)
    ? [isReply ? event.sourcePort : event.destinationPort]
    : [event.sourcePort, event.destinationPort];
  const ends = [eventAddress(event.source).text, eventAddress(event.destination).text];
  const key = [model.version, ...ends, protocol, ...ports, isReply, direction, type, reason].join();
  const remembered = rulesByFlow.get(model) ?? new Map<string, string[]>();
  const rules = remembered.get(key) ?? explainRules(event, model);
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  rulesByFlow.set(model, remembered.set(key, rules));
  return rules;
}

/**
 * Rules that decided, by the same code that made the programs: the sender's side, then the
 * receiver's.
 */
function explainRules(event: Decoded<DatapathEvent>, model: NodeModel): string[] {
  const isReply = event.isReply !== 0;
  const initiator = eventAddress(isReply ? event.destination : event.source).address;
  const responder = eventAddress(isReply ? event.source : event.destination).address;
  const port = isReply ? event.sourcePort : event.destinationPort;
  const protocol = policyProtocolOf(event.protocol);
  const explained = model.explain(
    model.partyAt(initiator),
    model.partyAt(responder),
    protocol,
    WITH_PORTS.has(event.protocol) ? port : icmpType(event),
  );
  const isEgress = event.direction === Direction.Egress;
  const sides = isPolicyDrop(event)
    ? [isEgress ? explained.egress : explained.ingress]
    : [explained.egress, explained.ingress];
  return sides.flatMap((side) => (side ? namesOf(side.rules, side.enforcedBy) : []));
}

/** Where no rule matched: what made deny the default. */
function namesOf(rules: readonly RuleReference[], enforcedBy: readonly string[]): string[] {
  return rules.length > 0 ? rules.map((rule) => rule.name) : [...enforcedBy];
}

/** Echo flows have the identifier for a port (see `Tuple`); other messages type and code. */
function icmpType(event: Decoded<DatapathEvent>): number {
  const isEcho = event.destinationPort === 0 || event.sourcePort === 0;
  const request = event.protocol === IpProtocol.ICMP ? 8 : 128;
  return isEcho ? request : event.sourcePort >> 8;
}

function flagsText(flags: number): string {
  const names = FLAG_NAMES.filter(([, flag]) => (flags & flag) !== 0).map(([name]) => name);
  return names.join(' ');
}

/** The protocol as rules tell it apart. */
function policyProtocolOf(protocol: number): PolicyProtocol {
  return protocol in PolicyProtocol ? (protocol as PolicyProtocol) : PolicyProtocol.Other;
}
