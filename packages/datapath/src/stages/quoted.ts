/**
 * What an ICMP error quotes: the packet that it is about, or its beginning.
 *
 * @source RFC 792, RFC 4443 section 2.4
 */
import { raw32, u16, u64 } from '@skep/ebpf';
import type { TcContext, u8, u32 } from '@skep/ebpf';
import {
  ICMP_HEADER_LENGTH,
  IcmpType,
  Icmpv6Type,
  IPV4_HEADER_LENGTH_MIN,
  IPV4_OFFSET_MASK,
  IPV6_HEADER_LENGTH,
  IpProtocol,
  Ipv4Header,
  Ipv6Header,
  Ports,
} from '@skep/wire';
import { Outcome } from '../packet.ts';
import type { Packet } from '../packet.ts';
import { isIcmp, MAPPED_PREFIX, parseIcmp, walkExtensions } from './parse.ts';

/** Whether a packet is an ICMP error; one in fragments is not read as such. */
export function isError(packet: Packet): boolean {
  if (packet.isFragment) return false;
  if (packet.protocol === IpProtocol.ICMP) {
    return (
      packet.icmpType === IcmpType.DestinationUnreachable ||
      packet.icmpType === IcmpType.TimeExceeded ||
      packet.icmpType === IcmpType.ParameterProblem
    );
  }
  return (
    packet.protocol === IpProtocol.ICMPv6 &&
    packet.icmpType >= Icmpv6Type.DestinationUnreachable &&
    packet.icmpType <= Icmpv6Type.ParameterProblem
  );
}

/** Bytes from the frame's start to the packet that an error quotes. */
export function quotedOffset(packet: Packet): u32 {
  return packet.transportOffset + ICMP_HEADER_LENGTH;
}

/** Fills in the ends, ports and protocol of the quoted packet; false where it cannot be read. */
export function readQuoted(ctx: TcContext, packet: Packet, quoted: Packet): boolean {
  const offset = quotedOffset(packet);
  quoted.family = packet.family;
  return packet.family === 4 ? readQuoted4(ctx, quoted, offset) : readQuoted6(ctx, quoted, offset);
}

function readQuoted4(ctx: TcContext, quoted: Packet, offset: u32): boolean {
  const ip = ctx.at(Ipv4Header, offset);
  if (!ip || (ip.flagsAndOffset & IPV4_OFFSET_MASK) !== 0) return false;
  if (ip.versionAndLength >>> 4 !== 4) return false;
  const headerLength = (ip.versionAndLength & 0x0f) * 4;
  if (headerLength < IPV4_HEADER_LENGTH_MIN) return false;
  quoted.protocol = ip.protocol;
  quoted.source.upper = 0;
  quoted.source.lower = (u64(raw32(ip.source)) << 32) | MAPPED_PREFIX;
  quoted.destination.upper = 0;
  quoted.destination.lower = (u64(raw32(ip.destination)) << 32) | MAPPED_PREFIX;
  quoted.transportOffset = u16(offset + headerLength);
  return readQuotedTransport(ctx, quoted, IcmpType.EchoRequest, IcmpType.EchoReply);
}

function readQuoted6(ctx: TcContext, quoted: Packet, offset: u32): boolean {
  const ip = ctx.at(Ipv6Header, offset);
  if (!ip || ip.versionClassFlow >>> 28 !== 6) return false;
  quoted.protocol = ip.nextHeader;
  quoted.source = ip.source;
  quoted.destination = ip.destination;
  quoted.transportOffset = u16(offset + IPV6_HEADER_LENGTH);
  quoted.isLaterFragment = 0;
  if (walkExtensions(ctx, quoted) !== Outcome.Next || quoted.isLaterFragment) return false;
  return readQuotedTransport(ctx, quoted, Icmpv6Type.EchoRequest, Icmpv6Type.EchoReply);
}

/** At least the first 8 bytes of the transport are quoted (RFC 792). */
function readQuotedTransport(ctx: TcContext, quoted: Packet, request: u8, reply: u8): boolean {
  if (isIcmp(quoted)) return parseIcmp(ctx, quoted, request, reply) === Outcome.Next;
  const ports = ctx.at(Ports, quoted.transportOffset);
  if (!ports) return false;
  quoted.sourcePort = ports.source;
  quoted.destinationPort = ports.destination;
  return true;
}
