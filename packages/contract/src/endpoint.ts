/** Tables by number: what the datapath knows of endpoints, subjects, addresses and peers. */
import { array, bytes, enumOf, Struct, u8, u16, u32, u64 } from '@skep/ebpf';
import { IpProtocol, Ipv6Address, MacAddress } from '@skep/wire';
import { PEER_GROUPS_MAX, SUBJECTS_MAX } from './limits.ts';

/** One local endpoint, by its id. `interfaceIndex` 0: there is none. */
export class EndpointEntry extends Struct({
  /** Of the host's end of its device. */
  interfaceIndex: u32,
  identity: u32,
  /** Of its IPv4 and its IPv6 address. */
  selectorSet4: u32,
  selectorSet6: u32,
  /** IPv4 mapped; all zeros where it has none, as for IPv6. */
  address4: Ipv6Address,
  address6: Ipv6Address,
  /** Its own MAC address, then the one that it knows as its gateway. */
  mac: MacAddress,
  gatewayMac: MacAddress,
  subject: u16,
  padding: u16,
}) {}

/** The number of the subject that is the node itself; those of endpoints are below. */
export const HOST_SUBJECT = SUBJECTS_MAX + 1;

/** Bits of `SubjectEntry.enforced`: directions, as the subject sees them, that need an allow. */
export enum Enforced {
  Ingress = 1,
  Egress = 2,
  /** Of the node as a subject: its flows at uplinks are looked at, and remembered. */
  Followed = 4,
}

/** Endpoints that share rules, by the subject's number; 0 stands for a side without policy. */
export class SubjectEntry extends Struct({
  /** Changes with every change of its rules; never goes back. */
  revision: u32,
  /** Members of `Enforced`. */
  enforced: u32,
}) {}

/** The one entry of the node's own table. */
export class NodeEntry extends Struct({
  /** Changes with every change of what an address in use stands for; never goes back. */
  membershipRevision: u32,
  padding: u32,
}) {}

/** What an address or a prefix stands for. */
export class PeerEntry extends Struct({
  identity: u32,
  selectorSet: u32,
  /** The local endpoint with this address, or 0. */
  endpoint: u16,
  padding: u16,
}) {}

/** The key of prefixes: bits of the 128 (an IPv4 prefix counts 96 more), then the address. */
export class PrefixKey extends Struct({ prefixLength: u32, address: Ipv6Address }) {}

/** Which peer groups a peer is in: bit `group % 64` of word `group / 64`. */
export class SelectorSet extends Struct({ words: array(u64, PEER_GROUPS_MAX / 64) }) {}

/** A datagram that comes in fragments. */
export class FragmentKey extends Struct({
  source: Ipv6Address,
  destination: Ipv6Address,
  identification: u32,
  /** 0 over IPv6, where each fragment may say another: only the first one's counts. */
  protocol: u8,
  padding: bytes(3),
}) {}

/** What only the first fragment carries: ports as in `Tuple`, the ICMP type, the transport. */
export class FragmentPorts extends Struct({
  source: u16,
  destination: u16,
  icmpType: u8,
  protocol: enumOf(u8, IpProtocol),
}) {}

/** Packets and bytes by drop reason; index 0 counts what was forwarded. */
export class TrafficCounter extends Struct({
  packets: u64,
  bytes: u64,
  /** The low 32 bits of jiffies at the last record of this reason, and what came since. */
  lastReported: u32,
  unreported: u32,
}) {}
