/**
 * Other addresses and ports in the packet that an ICMP error quotes: who gets the error must know
 * its own packet again. The error's checksum is over the quoted bytes, too.
 *
 * @source RFC 5508 section 4.2, RFC 1624
 */
import { be16, ChecksumFlag, l4ChecksumReplace, raw16, raw32, Struct, u32, u64 } from '@skep/ebpf';
import type { TcContext, u16 } from '@skep/ebpf';
import { DropReason } from '@skep/contract';
import { IcmpHeader, IpProtocol, Ipv4Header, Ipv6Header, Ports } from '@skep/wire';
import type { Ipv6Address } from '@skep/wire';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { isIcmp } from './parse.ts';
import { quotedOffset } from './quoted.ts';
import { ChecksumAt, checksumAt, difference } from './rewrite.ts';

/** A checksum, wherever it is. */
export class Checksum extends Struct({ value: be16 }) {}

/** The quoted packet's source and its port. */
export function rewriteQuotedSource(
  ctx: TcContext,
  packet: Packet,
  quoted: Packet,
  address: Ipv6Address,
  port: u16,
): Step {
  const delta = difference(quoted.source, address);
  if (packet.family === 4) {
    const ip = ctx.at(Ipv4Header, quotedOffset(packet));
    if (!ip) return DropReason.TruncatedHeader;
    ip.source = raw32(u32(address.lower >>> 32));
    ip.checksum = adjusted(ip.checksum, delta);
  } else {
    const ip = ctx.at(Ipv6Header, quotedOffset(packet));
    if (!ip) return DropReason.TruncatedHeader;
    ip.source = address;
  }
  if (isIcmp(quoted)) return rewriteIdentifier(ctx, packet, quoted, port, delta);
  const ports = ctx.at(Ports, quoted.transportOffset);
  if (!ports) return DropReason.TruncatedHeader;
  ports.source = port;
  return updateSums(ctx, packet, quoted, delta, portDifference(quoted.sourcePort, port));
}

/** The quoted packet's destination and its port. */
export function rewriteQuotedDestination(
  ctx: TcContext,
  packet: Packet,
  quoted: Packet,
  address: Ipv6Address,
  port: u16,
): Step {
  const delta = difference(quoted.destination, address);
  if (packet.family === 4) {
    const ip = ctx.at(Ipv4Header, quotedOffset(packet));
    if (!ip) return DropReason.TruncatedHeader;
    ip.destination = raw32(u32(address.lower >>> 32));
    ip.checksum = adjusted(ip.checksum, delta);
  } else {
    const ip = ctx.at(Ipv6Header, quotedOffset(packet));
    if (!ip) return DropReason.TruncatedHeader;
    ip.destination = address;
  }
  if (isIcmp(quoted)) return rewriteIdentifier(ctx, packet, quoted, port, delta);
  const ports = ctx.at(Ports, quoted.transportOffset);
  if (!ports) return DropReason.TruncatedHeader;
  ports.destination = port;
  return updateSums(ctx, packet, quoted, delta, portDifference(quoted.destinationPort, port));
}

function rewriteIdentifier(
  ctx: TcContext,
  packet: Packet,
  quoted: Packet,
  identifier: u16,
  delta: u32,
): Step {
  const icmp = ctx.at(IcmpHeader, quoted.transportOffset);
  if (!icmp) return DropReason.TruncatedHeader;
  const portDelta = portDifference(icmp.identifier, identifier);
  icmp.identifier = identifier;
  return updateSums(ctx, packet, quoted, delta, portDelta);
}

/** The quoted transport's checksum, as far as it is quoted, and then the error's own. */
function updateSums(
  ctx: TcContext,
  packet: Packet,
  quoted: Packet,
  delta: u32,
  portDelta: u32,
): Step {
  // The header checksum of IPv4 has made up for the address.
  let whole: u64 = packet.family === 4 ? u64(portDelta) : u64(portDelta) + delta;
  const field = ctx.at(Checksum, quoted.transportOffset + checksumAt(quoted.protocol));
  const isAbsent = quoted.protocol === IpProtocol.UDP && field !== null && field.value === 0;
  if (field && !isAbsent) {
    const hasPseudoHeader = quoted.protocol !== IpProtocol.ICMP;
    const before = field.value;
    const after = adjusted(before, hasPseudoHeader ? u64(delta) + portDelta : u64(portDelta));
    field.value = after;
    whole += portDifference(before, after);
  }
  const at = packet.transportOffset + ChecksumAt.Icmp;
  const failed = l4ChecksumReplace(ctx, at, 0, folded(whole), ChecksumFlag.Difference) !== 0;
  return failed ? DropReason.ChecksumNotUpdated : Outcome.Next;
}

/** What a sum over `from` lacks to be one over `to`, both in host order, as they lie in memory. */
function portDifference(from: u16, to: u16): u32 {
  return raw16(to) + (raw16(from) ^ 0xffff);
}

/** A checksum in host order, after its sum has grown by a difference as it lies in memory. */
function adjusted(checksum: u16, delta: u64): u16 {
  const sum: u64 = (raw16(checksum) ^ 0xffff) + delta;
  return raw16(folded(sum) ^ 0xffff);
}

/** To 16 bits, carries included. */
function folded(sum: u64): u32 {
  let rest: u64 = (sum & 0xffff_ffff) + (sum >>> 32);
  rest = (rest & 0xffff) + (rest >>> 16);
  rest = (rest & 0xffff) + (rest >>> 16);
  return u32((rest & 0xffff) + (rest >>> 16));
}
