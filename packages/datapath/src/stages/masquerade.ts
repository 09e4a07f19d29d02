/**
 * Masquerade: what an endpoint sends to the world leaves with the node's own address, and with a
 * port that no other flow of that destination has.
 *
 * @source RFC 4787, RFC 5382, RFC 5508
 */
import type { TcContext, u32 } from '@skep/ebpf';
import {
  ConnectionFlag,
  DirectedTuple,
  DropReason,
  PrefixKey,
  ReservedIdentity,
} from '@skep/contract';
import type { Uplink } from '@skep/contract';
import { IcmpHeader, IcmpType, Icmpv6Type, IpProtocol } from '@skep/wire';
import type { Ipv6Address } from '@skep/wire';
import { addresses, connections, packets, unmasqueraded } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { opensTcp, orient } from './conntrack.ts';
import { joinFragments } from './fragments.ts';
import { findNewcomer } from './newcomers.ts';
import { readQuoted } from './quoted.ts';
import { rewriteSource, rewriteSourcePort } from './rewrite.ts';
import { rewriteQuotedDestination } from './rewrite-quoted.ts';
import {
  answerTo,
  claimPort,
  findTranslation,
  isMasqueradePort,
  isSameAddress,
  recallPort,
} from './translations.ts';

/** What leaves by an uplink and is no ICMP error. `Outcome.Next` where it is no endpoint's. */
export function masquerade(ctx: TcContext, packet: Packet, uplink: Uplink): Step {
  const address = packet.family === 4 ? uplink.address4 : uplink.address6;
  if (isSameAddress(packet.source, address)) return yieldPort(ctx, packet, uplink, address);
  let step = readOwnPort(ctx, packet);
  if (step !== Outcome.Next) return step;
  if (!recallPort(packet, address)) {
    if (!needsMasquerade(packet)) return Outcome.Next;
    if (!hasPort(packet)) return DropReason.UnsupportedMasqueradeProtocol;
    const hasAddress = address.upper !== 0 || address.lower !== 0;
    if (!hasAddress || !claimPort(packet, uplink, address)) return DropReason.NoMasqueradeMapping;
  }
  step = leave(ctx, packet, address);
  return step === Outcome.Next ? Outcome.Pass : step;
}

function leave(ctx: TcContext, packet: Packet, address: Ipv6Address): Step {
  const step = rewriteSource(ctx, packet, address);
  return step === Outcome.Next ? rewriteSourcePort(ctx, packet, packet.translatedPort) : step;
}

/** Later fragments get their ports from the first; an echo's identifier is taken as it is. */
function readOwnPort(ctx: TcContext, packet: Packet): Step {
  if (packet.isFragment && isEndpoint(packet.source)) {
    const step = joinFragments(packet);
    if (step !== Outcome.Next) return step;
  }
  if (packet.isLaterFragment || !isEchoRequest(packet)) return Outcome.Next;
  const icmp = ctx.at(IcmpHeader, packet.transportOffset);
  if (!icmp) return DropReason.TruncatedHeader;
  packet.sourcePort = icmp.identifier;
  return Outcome.Next;
}

/**
 * A port of the node's own that a flow of an endpoint has got for the same destination: the node's
 * gets another one, or the answers would go to the endpoint. The kernel gives none of these ports
 * by itself, so it takes a program that asks for one, or an echo. From here on the node's flow is
 * the one that the world sees.
 */
function yieldPort(ctx: TcContext, packet: Packet, uplink: Uplink, address: Ipv6Address): Step {
  if (packet.isFragment || !hasPort(packet)) return Outcome.Next;
  if (!isMasqueradePort(uplink, packet.sourcePort)) return Outcome.Next;
  if (!recallPort(packet, address)) {
    if (packet.protocol === IpProtocol.TCP && !opensTcp(packet)) return Outcome.Next;
    if (!findTranslation(answerTo(packet, address, packet.sourcePort))) return Outcome.Next;
    if (!claimPort(packet, uplink, address)) return DropReason.NoMasqueradeMapping;
  }
  const step = leave(ctx, packet, address);
  packet.sourcePort = packet.translatedPort;
  return step;
}

/**
 * An ICMP error that leaves: of an endpoint, or of the node about a packet that was on its way to
 * one. The packet that it quotes has come in under the node's address.
 */
export function masqueradeError(ctx: TcContext, packet: Packet, uplink: Uplink): Step {
  const address = packet.family === 4 ? uplink.address4 : uplink.address6;
  const quoted = packets.lookup(1);
  if (!quoted || !readQuoted(ctx, packet, quoted)) return withoutFlow(packet);
  const outward = findTranslation(
    new DirectedTuple({
      source: quoted.destination,
      destination: quoted.source,
      sourcePort: quoted.destinationPort,
      destinationPort: quoted.sourcePort,
      protocol: quoted.protocol,
    }),
  );
  if (!outward || !isSameAddress(outward.address, address)) {
    return isAboutVisitor(packet, quoted) ? Outcome.Next : withoutFlow(packet);
  }
  const step = rewriteQuotedDestination(ctx, packet, quoted, address, outward.port);
  if (step !== Outcome.Next) return step;
  const isEndpoints = isSameAddress(packet.source, quoted.destination);
  if (!isEndpoints) return Outcome.Next;
  const end = rewriteSource(ctx, packet, address);
  return end === Outcome.Next ? Outcome.Pass : end;
}

/** An error about no flow that is masqueraded. */
function withoutFlow(packet: Packet): Step {
  return needsMasquerade(packet) ? DropReason.NoMasqueradeMapping : Outcome.Next;
}

/** From an endpoint to somebody who is to see the node in its place. */
export function needsMasquerade(packet: Packet): boolean {
  if (!isEndpoint(packet.source)) return false;
  // For the record, should the packet be dropped.
  const own = addresses.lookup(packet.source);
  if (own) {
    packet.endpoint = own.endpoint;
    packet.initiator.identity = own.identity;
  }
  const peer = addresses.lookup(packet.destination);
  if (peer && (peer.endpoint !== 0 || peer.identity === ReservedIdentity.Host)) return false;
  const address = packet.destination;
  if (unmasqueraded.lookup(new PrefixKey({ prefixLength: 128, address }))) return false;
  return !isBegunByDestination(packet);
}

function isEndpoint(address: Ipv6Address): boolean {
  const place = addresses.lookup(address);
  return place !== null && place.endpoint !== 0;
}

/** Who has come to the endpoint under its own address gets its answers from there. */
function isBegunByDestination(packet: Packet): boolean {
  return beginner(packet) === Beginner.Destination;
}

/** Whether it tells who has come to an endpoint under its own address, of what they have sent. */
function isAboutVisitor(packet: Packet, quoted: Packet): boolean {
  if (!isSameAddress(quoted.source, packet.destination)) return false;
  if (!isSameAddress(quoted.destination, packet.source)) return false;
  return beginner(quoted) === Beginner.Source;
}

/** The end that has begun a flow. */
export enum Beginner {
  Nobody = 0,
  Source = 1,
  Destination = 2,
}

/** As conntrack knows it. Once for all who ask: looking among newcomers is long. @subprogram */
export function beginner(packet: Packet): u32 {
  orient(packet);
  const connection = connections.lookup(packet.tuple) ?? findNewcomer(packet);
  if (!connection) return Beginner.Nobody;
  const isSource =
    ((connection.flags ^ packet.isSourceFirst) & ConnectionFlag.InitiatorIsFirst) === 0;
  return isSource ? Beginner.Source : Beginner.Destination;
}

function isEchoRequest(packet: Packet): boolean {
  if (packet.protocol === IpProtocol.ICMP) return packet.icmpType === IcmpType.EchoRequest;
  return packet.protocol === IpProtocol.ICMPv6 && packet.icmpType === Icmpv6Type.EchoRequest;
}

/**
 * Whether there is a port that can be another one. SCTP has one, too, but its checksum is over the
 * whole packet: not to be had from a difference (RFC 9260 appendix A).
 */
function hasPort(packet: Packet): boolean {
  if (packet.protocol === IpProtocol.TCP || packet.protocol === IpProtocol.UDP) return true;
  return isEchoRequest(packet);
}
