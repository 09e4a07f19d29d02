/**
 * Small programs that exist twice: here, and in bench/c/reference.c. The same steps in the same
 * order, over the same maps, so that what differs is the compiler.
 */
import type { TcContext, u32, XdpContext } from '@skep/ebpf';
import {
  be16,
  be32,
  bytes,
  HashMap,
  jiffies,
  LruHashMap,
  Struct,
  TcAction,
  u8,
  u16,
  u32 as u32Field,
  u64,
  XdpAction,
} from '@skep/ebpf';
import { EthernetHeader, EtherType, IpProtocol, Ipv4Header, Ports } from '@skep/wire';

/** The flow that a packet belongs to: 16 bytes. */
export class Tuple4 extends Struct({
  source: be32,
  destination: be32,
  sourcePort: be16,
  destinationPort: be16,
  protocol: u8,
  padding: bytes(3),
}) {}

/** What is counted of a flow. */
export class FlowCount extends Struct({
  packets: u64,
  bytes: u64,
  lastSeen: u32Field,
  padding: u32Field,
}) {}

/** Who may be spoken to, on which port. */
export class RuleKey extends Struct({ identity: u32Field, port: u16, protocol: u8, padding: u8 }) {}

/** Flows. */
export const connections = new LruHashMap({
  name: 'b_conn',
  key: Tuple4,
  value: FlowCount,
  maxEntries: 65_536,
});

/** Address, as it lies in the packet, to identity. */
export const identities = new HashMap({
  name: 'b_identity',
  key: be32,
  value: u32Field,
  maxEntries: 1024,
});

/** 1 where the rule allows. */
export const rules = new HashMap({
  name: 'b_rule',
  key: RuleKey,
  value: u32Field,
  maxEntries: 1024,
});

/** What `xdpParse` drops. */
export const BLOCKED_PORT = 7777;

/** Parses, and drops one port. @program xdp_parse */
export function xdpParse(ctx: XdpContext): XdpAction {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet || ethernet.type !== EtherType.IPv4) return XdpAction.Pass;
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return XdpAction.Pass;
  if (ip.protocol !== IpProtocol.TCP && ip.protocol !== IpProtocol.UDP) return XdpAction.Pass;
  const ports = ctx.at(Ports, transportOffset(ip));
  if (!ports) return XdpAction.Pass;
  return ports.destination === BLOCKED_PORT ? XdpAction.Drop : XdpAction.Pass;
}

/**
 * Parses, finds the flow, counts it: the least that a stateful datapath can do. @program
 * tc_conntrack
 */
export function tcConntrack(ctx: TcContext): TcAction {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet || ethernet.type !== EtherType.IPv4) return TcAction.Drop;
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return TcAction.Drop;
  if (ip.protocol !== IpProtocol.TCP && ip.protocol !== IpProtocol.UDP) return TcAction.Drop;
  const ports = ctx.at(Ports, transportOffset(ip));
  if (!ports) return TcAction.Drop;
  const tuple = new Tuple4({
    source: ip.source,
    destination: ip.destination,
    sourcePort: ports.source,
    destinationPort: ports.destination,
    protocol: ip.protocol,
  });
  const connection = connections.lookup(tuple);
  if (!connection) return TcAction.Drop;
  connection.packets += 1;
  connection.bytes += ctx.length;
  connection.lastSeen = jiffies() & 0xffff_ffff;
  return TcAction.Pass;
}

/** Parses, finds the sender's identity, then the rule: stateless policy. @program tc_policy */
export function tcPolicy(ctx: TcContext): TcAction {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet || ethernet.type !== EtherType.IPv4) return TcAction.Drop;
  const ip = ctx.at(Ipv4Header, 14);
  if (!ip) return TcAction.Drop;
  if (ip.protocol !== IpProtocol.TCP && ip.protocol !== IpProtocol.UDP) return TcAction.Drop;
  const ports = ctx.at(Ports, transportOffset(ip));
  if (!ports) return TcAction.Drop;
  const identity = identities.lookup(ip.source);
  if (!identity) return TcAction.Drop;
  const key = new RuleKey({
    identity: identity.value,
    port: ports.destination,
    protocol: ip.protocol,
  });
  const rule = rules.lookup(key);
  return rule && rule.value !== 0 ? TcAction.Pass : TcAction.Drop;
}

function transportOffset(ip: Ipv4Header): u32 {
  return 14 + (ip.versionAndLength & 0x0f) * 4;
}
