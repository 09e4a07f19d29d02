/**
 * What a new link is to be: the properties that each kind has, and how they are told to the kernel.
 */
import type { Address } from '@skep/wire';
import { IFF, IFLA, IFLA_INFO, IFLA_NETKIT, IFLA_VXLAN, VETH_INFO } from './abi.ts';
import type { AttributeWriter } from './attributes.ts';
import { linkHeader } from './link.ts';

/** Properties that any end of a link is given when it is made. */
export interface NewEnd {
  /** 1 to 15 bytes, no `/` and no white space. */
  readonly name: string;
  /** 6 bytes; made up by the kernel where absent. */
  readonly mac?: Uint8Array;
  readonly mtuBytes?: number;
  /** Number by which links can be found and deleted together; 0 where absent. */
  readonly group?: number;
  /** Also the number of CPUs that can send at once; as the kernel likes it where absent. */
  readonly sendQueueCount?: number;
  readonly receiveQueueCount?: number;
}

/** A link that is made in the namespace of the socket. */
export interface NewLink extends NewEnd {
  /** Its interface index; the next free one where absent. */
  readonly index?: number;
  /** Whether it is switched on at once. */
  readonly isUp?: boolean;
}

/** The far end of a pair. It is made switched off: the kernel can do so only once both ends are. */
export interface NewPeer extends NewEnd {
  /** Its interface index, where this end's is given, too; the next free one where absent. */
  readonly index?: number;
  /** Open file of the namespace it is made in; that of this end where absent. */
  readonly namespaceFd?: number;
}

/** A pair of Ethernet devices: what one end sends, the other receives. */
export interface NewVeth extends NewLink {
  readonly peer: NewPeer;
}

/** What a netkit end does with a packet where no program is attached. */
export type NetkitPolicy = 'forward' | 'drop';

/** A pair whose programs run inside of the device. @since Linux 6.7 */
export interface NewNetkit extends NewLink {
  readonly peer: NewPeer;
  /** `layer3` has no MAC addresses and needs no neighbour entries. */
  readonly mode: 'layer2' | 'layer3';
  readonly policy: NetkitPolicy;
  readonly peerPolicy: NetkitPolicy;
}

/** A device that carries Ethernet frames in UDP packets. @source RFC 7348 */
export interface NewVxlan extends NewLink {
  /** VXLAN network identifier, 24 bits; absent exactly where `isExternal`. */
  readonly networkId?: number;
  /** Programs and routes choose network identifier and far end for each packet. */
  readonly isExternal?: boolean;
  /** UDP port of the far end; 4789 where absent. */
  readonly port?: number;
  readonly local?: Address;
  /** Where packets without a forwarding entry go. */
  readonly remote?: Address;
  /** Index of the device that carries the packets. */
  readonly underlayIndex?: number;
}

/** Port that IANA assigned to VXLAN. @source RFC 7348 section 5 */
const VXLAN_PORT = 4789;

/** Writes what all kinds have in common. */
export function writeNewLink(to: AttributeWriter, link: NewEnd): void {
  to.text(IFLA.IFNAME, link.name);
  if (link.mac) to.blob(IFLA.ADDRESS, link.mac);
  if (link.mtuBytes !== undefined) to.u32(IFLA.MTU, link.mtuBytes);
  if (link.group !== undefined) to.u32(IFLA.GROUP, link.group);
  if (link.sendQueueCount !== undefined) to.u32(IFLA.NUM_TX_QUEUES, link.sendQueueCount);
  if (link.receiveQueueCount !== undefined) to.u32(IFLA.NUM_RX_QUEUES, link.receiveQueueCount);
}

/** The device flags of a new link, for its header. */
export function newLinkHeader(link: NewLink): Uint8Array {
  return linkHeader(link.index ?? 0, link.isUp ? IFF.UP : 0, link.isUp ? IFF.UP : 0);
}

/** Writes the kind and what only that kind has. */
export function writeKind(
  to: AttributeWriter,
  kind: string,
  writeData?: (data: AttributeWriter) => void,
): void {
  to.nest(IFLA.LINKINFO, (info) => {
    info.text(IFLA_INFO.KIND, kind);
    if (writeData) info.nest(IFLA_INFO.DATA, writeData);
  });
}

/** Writes what only a veth has. @source veth_newlink, drivers/net/veth.c */
export function writeVeth(to: AttributeWriter, veth: NewVeth): void {
  writePeer(to, VETH_INFO.PEER, veth.peer);
}

/** Writes what only a netkit has. @source netkit_new_link, drivers/net/netkit.c */
export function writeNetkit(to: AttributeWriter, netkit: NewNetkit): void {
  writePeer(to, IFLA_NETKIT.PEER_INFO, netkit.peer);
  to.u32(IFLA_NETKIT.MODE, netkit.mode === 'layer2' ? 0 : 1);
  to.u32(IFLA_NETKIT.POLICY, NETKIT_ACTIONS[netkit.policy]);
  to.u32(IFLA_NETKIT.PEER_POLICY, NETKIT_ACTIONS[netkit.peerPolicy]);
}

/** @source enum netkit_action, include/uapi/linux/if_link.h */
const NETKIT_ACTIONS: Readonly<Record<NetkitPolicy, number>> = { forward: 0, drop: 2 };

/** Writes what only a VXLAN has. @source vxlan_nl2conf, drivers/net/vxlan/vxlan_core.c */
export function writeVxlan(to: AttributeWriter, vxlan: NewVxlan): void {
  if (vxlan.networkId !== undefined) to.u32(IFLA_VXLAN.ID, vxlan.networkId);
  if (vxlan.isExternal) to.u8(IFLA_VXLAN.COLLECT_METADATA, 1);
  if (vxlan.underlayIndex !== undefined) to.u32(IFLA_VXLAN.LINK, vxlan.underlayIndex);
  const { local, remote } = vxlan;
  if (local) to.blob(local.family === 4 ? IFLA_VXLAN.LOCAL : IFLA_VXLAN.LOCAL6, local.bytes);
  if (remote) to.blob(remote.family === 4 ? IFLA_VXLAN.GROUP : IFLA_VXLAN.GROUP6, remote.bytes);
  to.be16(IFLA_VXLAN.PORT, vxlan.port ?? VXLAN_PORT);
  // Forwarding entries are written by who owns the link; learned ones would come from the wire.
  to.u8(IFLA_VXLAN.LEARNING, 0);
}

function writePeer(to: AttributeWriter, type: number, peer: NewPeer): void {
  to.nestAfter(type, linkHeader(peer.index ?? 0), (inner) => {
    writeNewLink(inner, peer);
    if (peer.namespaceFd !== undefined) inner.u32(IFLA.NET_NS_FD, peer.namespaceFd);
  });
}
