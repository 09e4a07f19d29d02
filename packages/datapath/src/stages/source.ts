/** An endpoint speaks only for itself: with its own MAC and IP addresses, to its gateway. */
import { raw16 } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { DropReason } from '@skep/contract';
import type { EndpointEntry } from '@skep/contract';
import type { EthernetHeader, Ipv6Address } from '@skep/wire';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';

/** The frame comes from the endpoint itself, and without a VLAN tag. */
export function checkSourceMac(ctx: TcContext, ethernet: EthernetHeader, own: EndpointEntry): Step {
  if (ctx.vlanPresent) return DropReason.VlanFiltered;
  const source = ethernet.source;
  const isOwn = source.head === own.mac.head && source.tail === own.mac.tail;
  return isOwn ? Outcome.Next : DropReason.InvalidSourceMac;
}

/**
 * The frame is what its sender's kernel takes it for. Of what comes in by a veth that is read from
 * the frame; behind a netkit device whoever sends may say something else, and the node's stack
 * would believe it.
 *
 * @source eth_type_trans, net/ethernet/eth.c; netkit_xmit, drivers/net/netkit.c
 */
export function checkEtherType(ctx: TcContext, ethernet: EthernetHeader): Step {
  return ctx.protocol === raw16(ethernet.type) ? Outcome.Next : DropReason.InvalidPacket;
}

/** Frames with an IP packet go to the gateway; ARP and neighbour discovery may be for all. */
export function checkDestinationMac(ethernet: EthernetHeader, own: EndpointEntry): Step {
  const destination = ethernet.destination;
  const gateway = own.gatewayMac;
  const isGateway = destination.head === gateway.head && destination.tail === gateway.tail;
  return isGateway ? Outcome.Next : DropReason.InvalidDestinationMac;
}

/** The packet comes from an address of the endpoint. */
export function checkSourceAddress(packet: Packet, own: EndpointEntry): Step {
  const isOwn = isOwnAddress(packet, packet.source, own);
  return isOwn ? Outcome.Next : DropReason.InvalidSourceAddress;
}

/** An endpoint without an address of the family has zeros there, which stand for no address. */
export function isOwnAddress(packet: Packet, address: Ipv6Address, own: EndpointEntry): boolean {
  const expected = packet.family === 4 ? own.address4 : own.address6;
  if (expected.lower === 0 && expected.upper === 0) return false;
  return address.lower === expected.lower && address.upper === expected.upper;
}
