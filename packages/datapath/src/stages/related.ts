/**
 * ICMP errors that speak of a flow: one passes when the flow that it quotes passes; otherwise
 * policy decides it like any other message.
 *
 * @source RFC 792, RFC 4443 section 2.4, RFC 5508 section 4.2
 */
import { raw32, u64 } from '@skep/ebpf';
import type { TcContext, u8, u32 } from '@skep/ebpf';
import { ConnectionFlag, Hook, IcmpPort } from '@skep/contract';
import type { Connection } from '@skep/contract';
import {
  ICMP_HEADER_LENGTH,
  IcmpHeader,
  IcmpType,
  Icmpv6Type,
  IPV4_OFFSET_MASK,
  IPV6_HEADER_LENGTH,
  IpProtocol,
  Ipv4Header,
  Ipv6Header,
  Ports,
} from '@skep/wire';
import { connections, packets } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { isCurrent, orient } from './conntrack.ts';
import { findNewcomer } from './newcomers.ts';
import { echoPort, MAPPED_PREFIX } from './parse.ts';

/** `Outcome.Next` where the packet is no error, or the flow that it quotes is not known to pass. */
export function relate(ctx: TcContext, packet: Packet): Step {
  if (packet.isFragment || !isError(packet)) return Outcome.Next;
  const quoted = packets.lookup(1);
  if (!quoted) return Outcome.Next;
  const offset: u32 = packet.transportOffset + ICMP_HEADER_LENGTH;
  const isRead =
    packet.family === 4 ? readQuoted4(ctx, quoted, offset) : readQuoted6(ctx, quoted, offset);
  // The error goes to the end that sent what it quotes.
  if (!isRead) return Outcome.Next;
  if (quoted.source.lower !== packet.destination.lower) return Outcome.Next;
  if (quoted.source.upper !== packet.destination.upper) return Outcome.Next;
  // A router on the way may tell of it, too; an endpoint is none, whatever it knows of others.
  if (packet.hook === Hook.FromEndpoint) {
    if (quoted.destination.lower !== packet.source.lower) return Outcome.Next;
    if (quoted.destination.upper !== packet.source.upper) return Outcome.Next;
  }
  orient(quoted);
  const connection = connections.lookup(quoted.tuple) ?? findNewcomer(quoted);
  if (!connection || !isCurrent(connection)) return Outcome.Next;
  if (connection.flags & ConnectionFlag.Denied) return Outcome.Next;
  return target(packet, quoted, connection);
}

function isError(packet: Packet): boolean {
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

/** To the end that the quoted packet came from. */
function target(packet: Packet, quoted: Packet, connection: Connection): Step {
  const isFromInitiator =
    ((connection.flags & ConnectionFlag.InitiatorIsFirst) !== 0) === (quoted.isSourceFirst !== 0);
  packet.isReply = isFromInitiator ? 1 : 0;
  packet.targetEndpoint = isFromInitiator ? connection.egressEndpoint : connection.ingressEndpoint;
  return packet.targetEndpoint ? Outcome.ToEndpoint : Outcome.Pass;
}

function readQuoted4(ctx: TcContext, quoted: Packet, offset: u32): boolean {
  const ip = ctx.at(Ipv4Header, offset);
  if (!ip || (ip.flagsAndOffset & IPV4_OFFSET_MASK) !== 0) return false;
  const headerLength = (ip.versionAndLength & 0x0f) * 4;
  quoted.protocol = ip.protocol;
  quoted.source.upper = 0;
  quoted.source.lower = (u64(raw32(ip.source)) << 32) | MAPPED_PREFIX;
  quoted.destination.upper = 0;
  quoted.destination.lower = (u64(raw32(ip.destination)) << 32) | MAPPED_PREFIX;
  return readQuotedTransport(ctx, quoted, offset + headerLength, IcmpType.EchoRequest);
}

function readQuoted6(ctx: TcContext, quoted: Packet, offset: u32): boolean {
  const ip = ctx.at(Ipv6Header, offset);
  if (!ip) return false;
  quoted.protocol = ip.nextHeader;
  quoted.source = ip.source;
  quoted.destination = ip.destination;
  return readQuotedTransport(ctx, quoted, offset + IPV6_HEADER_LENGTH, Icmpv6Type.EchoRequest);
}

/** At least the first 8 bytes of the transport are quoted (RFC 792). */
function readQuotedTransport(
  ctx: TcContext,
  quoted: Packet,
  offset: u32,
  echoRequest: u8,
): boolean {
  const isEcho = quoted.protocol === IpProtocol.ICMP || quoted.protocol === IpProtocol.ICMPv6;
  if (isEcho) {
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
