/**
 * Other addresses and ports in a packet, its checksums with them. What of the checksum the hardware
 * is to fill in or has computed already is the helpers' business, so that segments may come and go
 * as the large ones that the node's stack makes of them.
 *
 * @source RFC 1624; bpf_l4_csum_replace and bpf_csum_update, net/core/filter.c
 */
import {
  ChecksumFlag,
  l3ChecksumReplace,
  l4ChecksumReplace,
  raw16,
  raw32,
  u32,
  u64,
  updateChecksum,
} from '@skep/ebpf';
import type { TcContext, u16 } from '@skep/ebpf';
import { DropReason } from '@skep/contract';
import { ETHERNET_LENGTH, IcmpHeader, IpProtocol, Ipv4Header, Ipv6Header, Ports } from '@skep/wire';
import type { Ipv6Address } from '@skep/wire';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { isIcmp } from './parse.ts';

/** Bytes from a header's start to its checksum. */
export enum ChecksumAt {
  Ipv4 = 10,
  Tcp = 16,
  Udp = 6,
  /** Of ICMP for both families. */
  Icmp = 2,
}

/** What a sum over one address lacks to be one over the other, as `bpf_csum_diff` gives it. */
export function difference(from: Ipv6Address, to: Ipv6Address): u32 {
  // All ones, any number of times, is nothing in one's complement.
  const sum: u64 = u64(4) * 0xffff_ffff + sumOf(to) - sumOf(from);
  const once: u64 = (sum & 0xffff_ffff) + (sum >>> 32);
  return u32((once & 0xffff_ffff) + (once >>> 32));
}

function sumOf(address: Ipv6Address): u64 {
  const upper = address.upper;
  const lower = address.lower;
  return (upper & 0xffff_ffff) + (upper >>> 32) + (lower & 0xffff_ffff) + (lower >>> 32);
}

/** Bytes from the transport header's start to its checksum. */
export function checksumAt(protocol: IpProtocol): u16 {
  if (protocol === IpProtocol.TCP) return ChecksumAt.Tcp;
  return protocol === IpProtocol.UDP ? ChecksumAt.Udp : ChecksumAt.Icmp;
}

function checksumFlags(protocol: IpProtocol): u32 {
  return protocol === IpProtocol.UDP ? ChecksumFlag.AbsentIfZero : 0;
}

/** Puts another source address. */
export function rewriteSource(ctx: TcContext, packet: Packet, address: Ipv6Address): Step {
  const delta = difference(packet.source, address);
  if (packet.family === 4) {
    const ip = ctx.at(Ipv4Header, ETHERNET_LENGTH);
    if (!ip) return DropReason.TruncatedHeader;
    ip.source = raw32(u32(address.lower >>> 32));
  } else {
    const ip = ctx.at(Ipv6Header, ETHERNET_LENGTH);
    if (!ip) return DropReason.TruncatedHeader;
    ip.source = address;
  }
  return updateSums(ctx, packet, delta);
}

/** Puts another destination address. */
export function rewriteDestination(ctx: TcContext, packet: Packet, address: Ipv6Address): Step {
  const delta = difference(packet.destination, address);
  if (packet.family === 4) {
    const ip = ctx.at(Ipv4Header, ETHERNET_LENGTH);
    if (!ip) return DropReason.TruncatedHeader;
    ip.destination = raw32(u32(address.lower >>> 32));
  } else {
    const ip = ctx.at(Ipv6Header, ETHERNET_LENGTH);
    if (!ip) return DropReason.TruncatedHeader;
    ip.destination = address;
  }
  return updateSums(ctx, packet, delta);
}

/** Every sum that an address is part of. */
function updateSums(ctx: TcContext, packet: Packet, delta: u32): Step {
  if (packet.family === 4) {
    const at = ETHERNET_LENGTH + ChecksumAt.Ipv4;
    if (l3ChecksumReplace(ctx, at, 0, delta, ChecksumFlag.Difference) !== 0) {
      return DropReason.ChecksumNotUpdated;
    }
  }
  const hasPseudoHeader = packet.protocol !== IpProtocol.ICMP && !packet.isLaterFragment;
  if (hasPseudoHeader) {
    const at = packet.transportOffset + checksumAt(packet.protocol);
    const flags = checksumFlags(packet.protocol) | ChecksumFlag.PseudoHeader;
    if (l4ChecksumReplace(ctx, at, 0, delta, flags) !== 0) return DropReason.ChecksumNotUpdated;
  }
  // An IPv6 header has no checksum that would make up for the address in a sum of the whole packet,
  // and the helper has taken it for one that has.
  if (packet.family === 6) updateChecksum(ctx, delta);
  return Outcome.Next;
}

/** Puts another source port; of an ICMP echo the identifier. */
export function rewriteSourcePort(ctx: TcContext, packet: Packet, port: u16): Step {
  if (packet.isLaterFragment) return Outcome.Next;
  const step = updatePortSum(ctx, packet, packet.sourcePort, port);
  if (step !== Outcome.Next) return step;
  if (isIcmp(packet)) return rewriteIdentifier(ctx, packet, port);
  const ports = ctx.at(Ports, packet.transportOffset);
  if (!ports) return DropReason.TruncatedHeader;
  ports.source = port;
  return Outcome.Next;
}

/** Puts another destination port; of an ICMP echo the identifier. */
export function rewriteDestinationPort(ctx: TcContext, packet: Packet, port: u16): Step {
  if (packet.isLaterFragment) return Outcome.Next;
  const step = updatePortSum(ctx, packet, packet.destinationPort, port);
  if (step !== Outcome.Next) return step;
  if (isIcmp(packet)) return rewriteIdentifier(ctx, packet, port);
  const ports = ctx.at(Ports, packet.transportOffset);
  if (!ports) return DropReason.TruncatedHeader;
  ports.destination = port;
  return Outcome.Next;
}

function rewriteIdentifier(ctx: TcContext, packet: Packet, identifier: u16): Step {
  const icmp = ctx.at(IcmpHeader, packet.transportOffset);
  if (!icmp) return DropReason.TruncatedHeader;
  icmp.identifier = identifier;
  return Outcome.Next;
}

function updatePortSum(ctx: TcContext, packet: Packet, from: u16, to: u16): Step {
  const at = packet.transportOffset + checksumAt(packet.protocol);
  const flags = checksumFlags(packet.protocol) | 2;
  const failed = l4ChecksumReplace(ctx, at, raw16(from), raw16(to), flags) !== 0;
  return failed ? DropReason.ChecksumNotUpdated : Outcome.Next;
}
