/**
 * Frames from a description: for tests, labs and probes. Lengths and checksums are computed where
 * the description does not give them, so that a wrong one can be made on purpose.
 */
import { parseAddress } from './address.ts';
import { checksum, foldChecksum, sumWords } from './checksum.ts';
import { ARP_HARDWARE_ETHERNET, ArpOperation } from './arp.ts';
import { EtherType } from './ethernet.ts';
import { IpProtocol } from './protocol.ts';
import { parseMac } from './mac.ts';
import { TcpFlag } from './tcp.ts';

/** A TCP header without options; numbers in host order, `flags` members of `TcpFlag`. */
export interface TcpDescription {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly flags?: number;
  readonly sequence?: number;
  /** Default: of a segment with ACK 1, what a SYN of sequence 0 is acknowledged by. */
  readonly acknowledgment?: number;
}

/** The ports of a UDP datagram, in host order; its length and checksum follow. @source RFC 768 */
export interface UdpDescription {
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * An ICMP message; what is not given is 0. The family of the addresses decides which ICMP it is.
 */
export interface IcmpDescription {
  readonly type: number;
  readonly code?: number;
  readonly identifier?: number;
  readonly sequence?: number;
}

/** One IP packet. Addresses are text; both are of one family. */
export interface PacketDescription {
  readonly source: string;
  readonly destination: string;
  readonly tcp?: TcpDescription;
  readonly udp?: UdpDescription;
  readonly icmp?: IcmpDescription;
  /** A transport by number, whose bytes are `payload`. */
  readonly protocol?: number;
  readonly payload?: Uint8Array;
  /** Hop limit where the packet is IPv6. Default 64. */
  readonly ttl?: number;
  /** Whole 4-byte words behind the IPv4 header. */
  readonly options?: Uint8Array;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  readonly identification?: number;
  /** IPv6 extension headers, each without its next-header byte. */
  readonly extensions?: readonly { readonly type: number; readonly body: Uint8Array }[];
}

/**
 * A packet and its link header: MAC addresses as text, and the number of a VLAN if it has a tag.
 */
export interface FrameDescription extends PacketDescription {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly vlan?: number;
}

/** An Ethernet frame that carries the packet. */
export function makeFrame(description: FrameDescription): Uint8Array {
  const packet = makePacket(description);
  const type = description.source.includes(':') ? EtherType.IPv6 : EtherType.IPv4;
  const tag =
    description.vlan === undefined ? [] : [...be16(EtherType.VLAN), ...be16(description.vlan)];
  return Uint8Array.from([
    ...parseMac(description.destinationMac),
    ...parseMac(description.sourceMac),
    ...tag,
    ...be16(type),
    ...packet,
  ]);
}

/** The packet without a link header. */
export function makePacket(description: PacketDescription): Uint8Array {
  return description.source.includes(':') ? makeIpv6(description) : makeIpv4(description);
}

/** An ARP packet: addresses as text; a request where `operation` is missing. @source RFC 826 */
export interface ArpDescription {
  readonly operation?: ArpOperation;
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetMac?: string;
  readonly targetAddress: string;
}

/** A request to all, or an answer to the target. @source RFC 826 */
export function makeArpFrame(description: ArpDescription): Uint8Array {
  const operation = description.operation ?? ArpOperation.Request;
  const isRequest = operation === ArpOperation.Request;
  const target = parseMac(description.targetMac ?? '00:00:00:00:00:00');
  return Uint8Array.from([
    ...(isRequest ? new Array<number>(6).fill(0xff) : target),
    ...parseMac(description.senderMac),
    ...be16(EtherType.ARP),
    ...be16(ARP_HARDWARE_ETHERNET),
    ...be16(EtherType.IPv4),
    6,
    4,
    ...be16(operation),
    ...parseMac(description.senderMac),
    ...parseAddress(description.senderAddress).bytes,
    ...target,
    ...parseAddress(description.targetAddress).bytes,
  ]);
}

function makeIpv4(description: PacketDescription): Uint8Array {
  const source = parseAddress(description.source).bytes;
  const destination = parseAddress(description.destination).bytes;
  const transport = makeTransport(description, [...source, ...destination]);
  const options = description.options ?? new Uint8Array();
  const length = 20 + options.length;
  const flags = description.moreFragments ? 0x2000 : 0;
  const header = Uint8Array.from([
    0x40 | (length / 4),
    0,
    ...be16(length + transport.bytes.length),
    ...be16(description.identification ?? 0),
    ...be16(flags | ((description.fragmentOffset ?? 0) / 8)),
    description.ttl ?? 64,
    transport.protocol,
    0,
    0,
    ...source,
    ...destination,
    ...options,
  ]);
  header.set(be16(checksum(header)), 10);
  return Uint8Array.from([...header, ...transport.bytes]);
}

function makeIpv6(description: PacketDescription): Uint8Array {
  const source = parseAddress(description.source).bytes;
  const destination = parseAddress(description.destination).bytes;
  const transport = makeTransport(description, [...source, ...destination]);
  const headers = extensionsOf(description);
  const types = [...headers.map((header) => header.type), transport.protocol];
  const body = headers.flatMap((header, index) => [types[index + 1]!, ...header.body]);
  return Uint8Array.from([
    0x60,
    0,
    0,
    0,
    ...be16(body.length + transport.bytes.length),
    types[0]!,
    description.ttl ?? 64,
    ...source,
    ...destination,
    ...body,
    ...transport.bytes,
  ]);
}

/** The fragment header goes last. */
function extensionsOf(description: PacketDescription): { type: number; body: Uint8Array }[] {
  const headers = [...(description.extensions ?? [])];
  if (description.fragmentOffset !== undefined || description.moreFragments) {
    const offset = (description.fragmentOffset ?? 0) | (description.moreFragments ? 1 : 0);
    const id = description.identification ?? 0;
    const body = Uint8Array.from([0, ...be16(offset), ...be16(id >>> 16), ...be16(id & 0xffff)]);
    headers.push({ type: IpProtocol.Fragment, body });
  }
  return headers;
}

interface Transport {
  readonly protocol: number;
  readonly bytes: Uint8Array;
}

function makeTransport(description: PacketDescription, addresses: readonly number[]): Transport {
  const payload = description.payload ?? new Uint8Array();
  const isLater = (description.fragmentOffset ?? 0) > 0;
  const { protocol, header, checksumAt } = transportHeader(description, payload.length);
  if (isLater || checksumAt === undefined) {
    return { protocol, bytes: isLater ? payload : Uint8Array.from([...header, ...payload]) };
  }
  const bytes = Uint8Array.from([...header, ...payload]);
  const pseudo = [...addresses, ...be16(0), ...be16(bytes.length), 0, protocol];
  const start = protocol === IpProtocol.ICMP ? 0 : sumWords(Uint8Array.from(pseudo));
  const sum = foldChecksum(sumWords(bytes, start));
  // In a datagram 0 says that there is none; the same sum is all ones (RFC 768).
  bytes.set(be16(protocol === IpProtocol.UDP && sum === 0 ? 0xffff : sum), checksumAt);
  return { protocol, bytes };
}

function transportHeader(
  description: PacketDescription,
  payloadLength: number,
): { protocol: number; header: number[]; checksumAt?: number } {
  const { tcp, udp, icmp, source } = description;
  if (tcp) return { protocol: IpProtocol.TCP, header: tcpHeader(tcp), checksumAt: 16 };
  if (udp) {
    const ports = [...be16(udp.sourcePort), ...be16(udp.destinationPort)];
    const header = [...ports, ...be16(8 + payloadLength), 0, 0];
    return { protocol: IpProtocol.UDP, header, checksumAt: 6 };
  }
  if (icmp) {
    const rest = [...be16(icmp.identifier ?? 0), ...be16(icmp.sequence ?? 0)];
    const protocol = source.includes(':') ? IpProtocol.ICMPv6 : IpProtocol.ICMP;
    return { protocol, header: [icmp.type, icmp.code ?? 0, 0, 0, ...rest], checksumAt: 2 };
  }
  return { protocol: description.protocol ?? IpProtocol.NoNext, header: [] };
}

function tcpHeader(tcp: TcpDescription): number[] {
  return [
    ...be16(tcp.sourcePort),
    ...be16(tcp.destinationPort),
    ...be32(tcp.sequence ?? 0),
    ...be32(tcp.acknowledgment ?? ((tcp.flags ?? 0) & TcpFlag.ACK ? 1 : 0)),
    0x50,
    tcp.flags ?? 0,
    ...be16(0xffff),
    0,
    0,
    0,
    0,
  ];
}

function be16(value: number): [number, number] {
  return [(value >> 8) & 0xff, value & 0xff];
}

function be32(value: number): number[] {
  return [...be16(value >>> 16), ...be16(value & 0xffff)];
}
