/**
 * Neighbours: an endpoint's only one is its gateway. Requests for any address but its own are
 * answered here with the gateway's MAC address; nothing of it reaches the node's stack.
 */
import { array, be16, raw32, Struct, u64 } from '@skep/ebpf';
import type { TcContext, u32 } from '@skep/ebpf';
import { DropReason } from '@skep/contract';
import type { EndpointEntry } from '@skep/contract';
import {
  ARP_HARDWARE_ETHERNET,
  ArpOperation,
  ArpPacket,
  ETHERNET_LENGTH,
  EtherType,
  EthernetHeader,
  Icmpv6Type,
  IPV6_HEADER_LENGTH,
  IpProtocol,
  Ipv6Header,
  NEIGHBOR_HOP_LIMIT,
  NEIGHBOR_SOLICITED_OVERRIDE,
  NeighborMessage,
  NeighborOption,
} from '@skep/wire';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { isShadow } from './former.ts';
import { MAPPED_PREFIX } from './parse.ts';
import { count } from './report.ts';
import { isOwnAddress } from './source.ts';
import { isGroup } from './target.ts';

/** Turns a request for the gateway's address into the answer. @source RFC 826 */
export function answerArp(ctx: TcContext, packet: Packet, own: EndpointEntry): Step {
  const ethernet = ctx.at(EthernetHeader, 0);
  const arp = ctx.at(ArpPacket, ETHERNET_LENGTH);
  if (!ethernet || !arp) return DropReason.TruncatedHeader;
  if (arp.hardwareType !== ARP_HARDWARE_ETHERNET) return DropReason.InvalidPacket;
  if (arp.protocolType !== EtherType.IPv4) return DropReason.InvalidPacket;
  if (arp.operation !== ArpOperation.Request) return DropReason.InvalidPacket;
  const sender = (u64(raw32(arp.senderAddress)) << 32) | MAPPED_PREFIX;
  if (sender !== own.address4.lower) return DropReason.InvalidSourceAddress;
  const asked = arp.targetAddress;
  if (asked === arp.senderAddress) return DropReason.InvalidPacket;
  if (isShadow(packet)) return Outcome.Answer;
  arp.operation = ArpOperation.Reply;
  arp.targetMac = own.mac;
  arp.targetAddress = arp.senderAddress;
  arp.senderMac = own.gatewayMac;
  arp.senderAddress = asked;
  ethernet.destination = own.mac;
  ethernet.source = own.gatewayMac;
  return Outcome.Answer;
}

/** ICMPv6 that never leaves the link; `Outcome.Next` for all that does. @source RFC 4861 */
export function answerNeighbour(ctx: TcContext, packet: Packet, own: EndpointEntry): Step {
  if (packet.protocol !== IpProtocol.ICMPv6) return Outcome.Next;
  switch (packet.icmpType) {
    case Icmpv6Type.NeighborSolicitation:
      return answerSolicitation(ctx, packet, own);
    case Icmpv6Type.RouterSolicitation:
    case Icmpv6Type.MulticastListenerReport:
    case Icmpv6Type.MulticastListenerReport2:
    case Icmpv6Type.MulticastListenerDone:
      return ignore(packet);
    case Icmpv6Type.RouterAdvertisement:
    case Icmpv6Type.NeighborAdvertisement:
    case Icmpv6Type.Redirect:
      return DropReason.ForbiddenIcmpv6Message;
    default:
      return Outcome.Next;
  }
}

/** Every host says these when its interface comes up: counted, not reported. */
function ignore(packet: Packet): Step {
  count(packet, DropReason.ForbiddenIcmpv6Message);
  return Outcome.Dropped;
}

/**
 * The answer to a solicitation, which leaves by the way that it came, so through the other hook:
 * as with ARP, no rule is asked. It may be for a link-local address, which the endpoint has given
 * itself. A hop limit of 255 says that no router has sent it on, so it is this node's own.
 *
 * @source RFC 4861 section 7.1.2
 */
export function isNeighbourAnswer(ctx: TcContext, packet: Packet): boolean {
  if (packet.icmpType !== Icmpv6Type.NeighborAdvertisement) return false;
  if (isGroup(packet.destination)) return false;
  if (packet.protocol !== IpProtocol.ICMPv6) return false;
  if (packet.transportOffset !== ETHERNET_LENGTH + IPV6_HEADER_LENGTH) return false;
  const ip = ctx.at(Ipv6Header, ETHERNET_LENGTH);
  if (!ip) return false;
  return ip.hopLimit === NEIGHBOR_HOP_LIMIT && packet.icmpCode === 0;
}

function answerSolicitation(ctx: TcContext, packet: Packet, own: EndpointEntry): Step {
  const ethernet = ctx.at(EthernetHeader, 0);
  const ip = ctx.at(Ipv6Header, ETHERNET_LENGTH);
  const message = ctx.at(NeighborMessage, ETHERNET_LENGTH + IPV6_HEADER_LENGTH);
  // From nowhere it asks whether its own address is free (RFC 4862 section 5.4): no one else has
  // it.
  if (packet.source.upper === 0 && packet.source.lower === 0) return ignore(packet);
  if (!ethernet || !ip || !message) return DropReason.TruncatedHeader;
  if (packet.transportOffset !== ETHERNET_LENGTH + IPV6_HEADER_LENGTH) {
    return DropReason.InvalidExtensionHeader;
  }
  if (ip.hopLimit !== NEIGHBOR_HOP_LIMIT || message.code !== 0) return DropReason.InvalidPacket;
  if (message.optionType !== NeighborOption.SourceLinkAddress) return DropReason.InvalidPacket;
  if (isOwnAddress(packet, message.target, own)) return ignore(packet);
  if (isShadow(packet)) return Outcome.Answer;
  message.type = Icmpv6Type.NeighborAdvertisement;
  message.flags = NEIGHBOR_SOLICITED_OVERRIDE;
  message.optionType = NeighborOption.TargetLinkAddress;
  message.mac = own.gatewayMac;
  ip.destination = ip.source;
  ip.source = message.target;
  ip.payloadLength = NeighborMessage.size;
  ethernet.destination = own.mac;
  ethernet.source = own.gatewayMac;
  return sign(ctx) ? Outcome.Answer : DropReason.TruncatedHeader;
}

/** The addresses of the IPv6 header and the message behind them: what its checksum covers. */
export class CheckedWords extends Struct({ words: array(be16, 32) }) {}

/** Bytes from the frame's start to the source address of an IPv6 header. */
export const CHECKED_OFFSET = ETHERNET_LENGTH + IPV6_HEADER_LENGTH - 32;
/** What the pseudo header has besides the addresses: length and protocol. */
export const PSEUDO_HEADER_REST = NeighborMessage.size + IpProtocol.ICMPv6;

/** @source RFC 4443 section 2.3, RFC 8200 section 8.1 */
function sign(ctx: TcContext): boolean {
  const message = ctx.at(NeighborMessage, ETHERNET_LENGTH + IPV6_HEADER_LENGTH);
  const checked = ctx.at(CheckedWords, CHECKED_OFFSET);
  if (!message || !checked) return false;
  message.checksum = 0;
  let sum: u32 = PSEUDO_HEADER_REST;
  for (let i = 0; i < 32; i++) sum += checked.words[i];
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  message.checksum = ~sum & 0xffff;
  return true;
}
