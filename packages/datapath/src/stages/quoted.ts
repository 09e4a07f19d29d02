/**
 * What an ICMP error quotes: the packet that it is about, or its beginning.
 *
 * @source RFC 792, RFC 4443 section 2.4
 */
import { raw32, u16, u64 } from '@skep/ebpf';
import type { TcContext, u8, u32 } from '@skep/ebpf';
import { IcmpPort } from '@skep/contract';
import {
  ICMP_HEADER_LENGTH,
  IcmpHeader,
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
import { echoPort, isIcmp, MAPPED_PREFIX, walkExtensions } from './parse.ts';

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
  return readQuotedTransport(ctx, quoted, offset + headerLength, IcmpType.EchoRequest);
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
  return readQuotedTransport(ctx, quoted, quoted.transportOffset, Icmpv6Type.EchoRequest);
}

/** At least the first 8 bytes of the transport are quoted (RFC 792). */
function readQuotedTransport(
  ctx: TcContext,
  quoted: Packet,
  offset: u32,
  echoRequest: u8,
): boolean {
  quoted.transportOffset = u16(offset);
  if (isIcmp(quoted)) {
    const icmp = ctx.at(IcmpHeader, offset);
    if (!icmp) return false;
    const isRequest = icmp.type === echoRequest;
    const port = echoPort(icmp.identifier);
    quoted.sourcePort = isRequest ? port : IcmpPort.Answerer;
    quoted.destinationPort = isRequest ? IcmpPort.Answerer : port;
    return true;
  }
  const ports = ctx.at(Ports, offset);
  if (!ports) return false;
  quoted.sourcePort = ports.source;
  quoted.destinationPort = ports.destination;
  return true;
}
