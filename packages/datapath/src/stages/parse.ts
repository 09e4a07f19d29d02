/** From bytes to who talks with whom: link, network and transport headers. */
import { pullData, raw32, u16, u64 } from '@skep/ebpf';
import type { TcContext, u8, u32 } from '@skep/ebpf';
import {
  Direction,
  DropReason,
  IcmpPort,
  IPV4_OPTIONS_MAX,
  IPV6_EXTENSION_HEADERS_MAX,
} from '@skep/contract';
import type { Hook } from '@skep/contract';
import {
  ETHERNET_LENGTH,
  EthernetHeader,
  EtherType,
  IPV4_HEADER_LENGTH_MIN,
  IPV4_MORE_FRAGMENTS,
  IPV4_OFFSET_MASK,
  IPV6_FRAGMENT_OFFSET_MASK,
  IPV6_HEADER_LENGTH,
  IPV6_MORE_FRAGMENTS,
} from '@skep/wire';
import {
  IcmpHeader,
  IcmpType,
  Icmpv6Type,
  IpProtocol,
  Ipv4Header,
  Ipv4Option,
  Ipv4OptionType,
  Ipv6Extension,
  Ipv6FragmentHeader,
  Ipv6Header,
  Ipv6RoutingHeader,
  Ports,
  TcpFlag,
  TcpHeader,
  UdpHeader,
} from '@skep/wire';
import type { Ipv6Address } from '@skep/wire';
import { node } from '../config.ts';
import { Outcome, Table } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { readSuccession } from './former.ts';

/**
 * Bytes that are made readable at once where a packet is scattered: more than any headers of ours.
 */
export const READABLE_BYTES = 256;
/** The upper half of an IPv4-mapped address's lower word, as it lies in memory. */
export const MAPPED_PREFIX = 0xffff_0000;

/** What is known before a byte is read. */
export function begin(ctx: TcContext, packet: Packet, hook: Hook): void {
  if (ctx.linearLength < ctx.length && ctx.linearLength < READABLE_BYTES) {
    pullData(ctx, ctx.length < READABLE_BYTES ? ctx.length : READABLE_BYTES);
  }
  packet.hook = hook;
  if (node.isSuccessor) readSuccession(packet);
  packet.interfaceIndex = ctx.ifindex;
  packet.length = ctx.length;
  packet.initiator.identity = 0;
  packet.initiator.endpoint = 0;
  packet.initiator.subject = 0;
  packet.initiator.revision = 0;
  packet.responder.identity = 0;
  packet.responder.endpoint = 0;
  packet.responder.subject = 0;
  packet.responder.revision = 0;
  packet.sourcePort = 0;
  packet.destinationPort = 0;
  packet.targetEndpoint = 0;
  packet.family = 0;
  packet.protocol = 0;
  packet.tcpFlags = 0;
  packet.icmpType = 0;
  packet.icmpCode = 0;
  packet.isReply = 0;
  packet.direction = Direction.Ingress;
  packet.table = Table.None;
  packet.isFragment = 0;
  packet.isLaterFragment = 0;
}

/** Reads the header of an IP packet; nothing else has one. */
export function parseNetwork(ctx: TcContext, packet: Packet): Step {
  const ethernet = ctx.at(EthernetHeader, 0);
  if (!ethernet) return DropReason.TruncatedHeader;
  switch (ethernet.type) {
    case EtherType.IPv4:
      return parseIpv4(ctx, packet);
    case EtherType.IPv6:
      return parseIpv6(ctx, packet);
    default:
      return DropReason.UnsupportedNetworkProtocol;
  }
}

/** Reads all headers, also of what is for all hosts of a link: the node may be one of them. */
export function parseAll(ctx: TcContext, packet: Packet): Step {
  const step = parseNetwork(ctx, packet);
  if (step !== Outcome.Next && step !== DropReason.UnknownTargetAddress) return step;
  return parseTransport(ctx, packet);
}

/** Reads the IPv4 header: ends, protocol, whether it is a fragment. @source RFC 791 section 3.1 */
export function parseIpv4(ctx: TcContext, packet: Packet): Step {
  const ip = ctx.at(Ipv4Header, ETHERNET_LENGTH);
  if (!ip) return DropReason.TruncatedHeader;
  const headerLength = (ip.versionAndLength & 0x0f) * 4;
  if (ip.versionAndLength >>> 4 !== 4) return DropReason.InvalidPacket;
  if (headerLength < IPV4_HEADER_LENGTH_MIN) return DropReason.InvalidPacket;
  if (ip.totalLength + ETHERNET_LENGTH > packet.length) return DropReason.InvalidPacket;
  packet.family = 4;
  packet.protocol = ip.protocol;
  packet.source.upper = 0;
  packet.source.lower = (u64(raw32(ip.source)) << 32) | MAPPED_PREFIX;
  packet.destination.upper = 0;
  packet.destination.lower = (u64(raw32(ip.destination)) << 32) | MAPPED_PREFIX;
  packet.transportOffset = ETHERNET_LENGTH + headerLength;
  if (headerLength > IPV4_HEADER_LENGTH_MIN && !areOptionsHarmless(ctx, packet)) {
    return DropReason.InvalidPacket;
  }
  if ((ip.flagsAndOffset & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK)) !== 0) {
    const offset = ip.flagsAndOffset & IPV4_OFFSET_MASK;
    // A fragment at 8 could rewrite the flags of a TCP header that was let through (RFC 3128).
    if (offset === 1) return DropReason.InvalidPacket;
    packet.isFragment = 1;
    packet.isLaterFragment = offset === 0 ? 0 : 1;
    packet.identification = ip.identification;
  }
  const network = ip.destination >>> 24;
  if (network === 0 || network === 127 || network >= 224) return DropReason.UnknownTargetAddress;
  return Outcome.Next;
}

/**
 * No source route among them: the packet would be decided for its next hop, and go on from there.
 * @source RFC 791 section 3.1, RFC 7126 sections 4.3 and 4.4
 */
function areOptionsHarmless(ctx: TcContext, packet: Packet): boolean {
  const end: u32 = packet.transportOffset;
  let offset: u32 = ETHERNET_LENGTH + IPV4_HEADER_LENGTH_MIN;
  for (let i = 0; i < IPV4_OPTIONS_MAX; i++) {
    if (offset >= end) return offset === end;
    const option = ctx.at(Ipv4Option, offset);
    if (!option) return false;
    switch (option.type) {
      case Ipv4OptionType.End:
        return true;
      case Ipv4OptionType.NoOperation:
        offset += 1;
        break;
      case Ipv4OptionType.LooseSourceRoute:
      case Ipv4OptionType.StrictSourceRoute:
        return false;
      default:
        if (option.length < 2) return false;
        offset += option.length;
    }
  }
  return offset === end;
}

/** Reads the IPv6 header and its extensions. @source RFC 8200 sections 3 and 4 */
export function parseIpv6(ctx: TcContext, packet: Packet): Step {
  const ip = ctx.at(Ipv6Header, ETHERNET_LENGTH);
  if (!ip) return DropReason.TruncatedHeader;
  if (ip.versionClassFlow >>> 28 !== 6) return DropReason.InvalidPacket;
  const end = ip.payloadLength + ETHERNET_LENGTH + IPV6_HEADER_LENGTH;
  if (end > packet.length) return DropReason.InvalidPacket;
  packet.family = 6;
  packet.source = ip.source;
  packet.destination = ip.destination;
  packet.protocol = ip.nextHeader;
  packet.transportOffset = ETHERNET_LENGTH + IPV6_HEADER_LENGTH;
  // An IPv4-mapped address on the wire (RFC 4291) would pass for an IPv4 one here.
  if (isMapped(packet.source) || isMapped(packet.destination)) {
    return DropReason.InvalidSourceAddress;
  }
  const step = walkExtensions(ctx, packet);
  // Bytes behind a first fragment would be read as its ports; the real ones would come in a later
  // one (RFC 7112).
  const isFirst = packet.isFragment !== 0 && packet.isLaterFragment === 0;
  return isFirst && end !== packet.length ? DropReason.InvalidPacket : step;
}

function isMapped(address: Ipv6Address): boolean {
  return address.upper === 0 && (address.lower & 0xffff_ffff) === MAPPED_PREFIX;
}

/**
 * From `protocol` and `transportOffset` past hop-by-hop, routing, destination options and fragment
 * headers, of which there is one at most. @source RFC 8200 section 4.1
 */
export function walkExtensions(ctx: TcContext, packet: Packet): Step {
  let next = packet.protocol;
  let offset: u32 = packet.transportOffset;
  let isCutUp = false;
  for (let i = 0; i < IPV6_EXTENSION_HEADERS_MAX; i++) {
    if (!isExtension(next)) {
      packet.protocol = next;
      packet.transportOffset = u16(offset);
      return Outcome.Next;
    }
    if (next === IpProtocol.HopByHop && i > 0) return DropReason.InvalidExtensionHeader;
    if (next === IpProtocol.Routing && !isAtEnd(ctx, offset)) {
      return DropReason.InvalidExtensionHeader;
    }
    if (next === IpProtocol.Fragment) {
      if (isCutUp) return DropReason.InvalidExtensionHeader;
      isCutUp = true;
      const fragment = ctx.at(Ipv6FragmentHeader, offset);
      if (!fragment) return DropReason.TruncatedHeader;
      const position = fragment.offsetAndMore & IPV6_FRAGMENT_OFFSET_MASK;
      const isWhole = position === 0 && (fragment.offsetAndMore & IPV6_MORE_FRAGMENTS) === 0;
      packet.isFragment = isWhole ? 0 : 1;
      packet.isLaterFragment = position === 0 ? 0 : 1;
      packet.identification = fragment.identification;
      next = fragment.nextHeader;
      offset += 8;
      // What follows a later fragment's header is data, whatever it looks like.
      if (packet.isLaterFragment) {
        packet.protocol = next;
        packet.transportOffset = u16(offset);
        return Outcome.Next;
      }
    } else {
      const extension = ctx.at(Ipv6Extension, offset);
      if (!extension) return DropReason.TruncatedHeader;
      next = extension.nextHeader;
      offset += (extension.length + 1) * 8;
    }
  }
  return DropReason.InvalidExtensionHeader;
}

/** Whether the packet goes where its header says, and nowhere from there (RFC 5095, RFC 8754). */
function isAtEnd(ctx: TcContext, offset: u32): boolean {
  const routing = ctx.at(Ipv6RoutingHeader, offset);
  return routing !== null && routing.segmentsLeft === 0;
}

function isExtension(protocol: IpProtocol): boolean {
  return (
    protocol === IpProtocol.HopByHop ||
    protocol === IpProtocol.Routing ||
    protocol === IpProtocol.Fragment ||
    protocol === IpProtocol.DestinationOptions
  );
}

/** Of either family. */
export function isIcmp(packet: Packet): boolean {
  return packet.protocol === IpProtocol.ICMP || packet.protocol === IpProtocol.ICMPv6;
}

/** Ports, flags and ICMP types; a later fragment has none. */
export function parseTransport(ctx: TcContext, packet: Packet): Step {
  if (packet.isLaterFragment) return Outcome.Next;
  switch (packet.protocol) {
    case IpProtocol.TCP:
      return parseTcp(ctx, packet);
    case IpProtocol.UDP:
      return parseUdp(ctx, packet);
    case IpProtocol.SCTP:
      return parseSctp(ctx, packet);
    case IpProtocol.ICMP:
      if (packet.family !== 4) return DropReason.UnknownTransport;
      return parseIcmp(ctx, packet, IcmpType.EchoRequest, IcmpType.EchoReply);
    case IpProtocol.ICMPv6:
      if (packet.family !== 6) return DropReason.UnknownTransport;
      return parseIcmp(ctx, packet, Icmpv6Type.EchoRequest, Icmpv6Type.EchoReply);
    default:
      return DropReason.UnknownTransport;
  }
}

function parseTcp(ctx: TcContext, packet: Packet): Step {
  const tcp = ctx.at(TcpHeader, packet.transportOffset);
  if (!tcp) return DropReason.TruncatedHeader;
  if (tcp.dataOffset >>> 4 < 5) return DropReason.InvalidPacket;
  packet.sourcePort = tcp.sourcePort;
  packet.destinationPort = tcp.destinationPort;
  packet.sequence = tcp.sequence;
  packet.acknowledgment = tcp.acknowledgment;
  packet.tcpFlags = tcp.flags;
  // A segment that opens and closes at once is no TCP that anyone sends (RFC 9293 section 3.10.7).
  const opens = (tcp.flags & TcpFlag.SYN) !== 0;
  if (opens && (tcp.flags & (TcpFlag.FIN | TcpFlag.RST)) !== 0) return DropReason.InvalidPacket;
  return Outcome.Next;
}

function parseUdp(ctx: TcContext, packet: Packet): Step {
  const udp = ctx.at(UdpHeader, packet.transportOffset);
  if (!udp) return DropReason.TruncatedHeader;
  packet.sourcePort = udp.sourcePort;
  packet.destinationPort = udp.destinationPort;
  return Outcome.Next;
}

function parseSctp(ctx: TcContext, packet: Packet): Step {
  const ports = ctx.at(Ports, packet.transportOffset);
  if (!ports) return DropReason.TruncatedHeader;
  packet.sourcePort = ports.source;
  packet.destinationPort = ports.destination;
  return Outcome.Next;
}

/** 0 is taken for 1: with it at both ends, a tuple would not say who asks. */
function echoPort(identifier: u16): u16 {
  return identifier === 0 ? 1 : identifier;
}

/** What stands for ports is said at `Tuple`. */
export function parseIcmp(ctx: TcContext, packet: Packet, request: u8, reply: u8): Step {
  const icmp = ctx.at(IcmpHeader, packet.transportOffset);
  if (!icmp) return DropReason.TruncatedHeader;
  packet.icmpType = icmp.type;
  packet.icmpCode = icmp.code;
  if (icmp.type === request) {
    packet.sourcePort = echoPort(icmp.identifier);
    packet.destinationPort = IcmpPort.Answerer;
  } else if (icmp.type === reply) {
    packet.sourcePort = IcmpPort.Answerer;
    packet.destinationPort = echoPort(icmp.identifier);
  } else {
    packet.sourcePort = (icmp.type << 8) | icmp.code;
    // Reserved in ICMPv6 (RFC 4443 section 2.1), and would be the answer to a ping.
    if (packet.sourcePort === IcmpPort.Answerer) return DropReason.InvalidPacket;
    packet.destinationPort = IcmpPort.NoEcho;
  }
  return Outcome.Next;
}
