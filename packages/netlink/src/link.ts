/** What a link is, and how the kernel's description of one is read. */
import { IFF, IFLA, IFLA_INFO, IFLA_XDP } from './abi.ts';
import { type AttributeSet, LITTLE_ENDIAN, viewOf } from './attributes.ts';
import { type Message, readStructure } from './message.ts';
import { MalformedMessageError } from './netlink-error.ts';

/** Names a link: its name, or its index (1 or more) in the namespace of the socket. */
export type LinkReference = string | number;

/**
 * RFC 2863 state of a link. Kernel programs and routes care for `up`, and for `unknown` where a
 * driver (dummy, loopback) does not tell.
 */
export type OperationalState =
  | 'unknown'
  | 'not-present'
  | 'down'
  | 'lower-layer-down'
  | 'testing'
  | 'dormant'
  | 'up';

/** Counters since the link was made. Packets and bytes are 64-bit. */
export interface LinkStatistics {
  readonly receivedPackets: bigint;
  readonly sentPackets: bigint;
  readonly receivedBytes: bigint;
  readonly sentBytes: bigint;
  readonly receiveErrors: bigint;
  readonly sendErrors: bigint;
  readonly receiveDrops: bigint;
  readonly sendDrops: bigint;
}

/** A network device as seen in one namespace. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** `veth`, `netkit`, `vxlan`...; absent for devices of hardware and for the loopback device. */
  readonly kind: string | undefined;
  /** Somebody switched it on. */
  readonly isUp: boolean;
  /** The other end is there and on. */
  readonly hasCarrier: boolean;
  readonly operationalState: OperationalState;
  readonly mtuBytes: number;
  /** Link-layer address; absent where the device has none (netkit in layer 3 mode). */
  readonly mac: Uint8Array | undefined;
  /** Index of the link it belongs to: the peer of a veth, the device below a VXLAN. */
  readonly peerIndex: number | undefined;
  /** Number of the namespace that `peerIndex` counts in; absent where that is this namespace. */
  readonly peerNamespaceId: number | undefined;
  /** Index of the bridge or bond that it is part of. */
  readonly masterIndex: number | undefined;
  /** Free text of up to 255 bytes. */
  readonly alias: string | undefined;
  readonly group: number;
  /** Number of the attached XDP program. */
  readonly xdpProgramId: number | undefined;
  /** `IFF_*` bits. @source include/uapi/linux/if.h */
  readonly flags: number;
  readonly statistics: LinkStatistics | undefined;
}

/** Bytes of `struct ifinfomsg`. */
const HEADER_LENGTH = 16;

/** @source struct ifinfomsg, include/uapi/linux/rtnetlink.h */
export function linkHeader(index: number, flags = 0, changedFlags = 0): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH);
  const view = viewOf(header);
  view.setInt32(4, index, LITTLE_ENDIAN);
  view.setUint32(8, flags, LITTLE_ENDIAN);
  view.setUint32(12, changedFlags, LITTLE_ENDIAN);
  return header;
}

/**
 * Reads `RTM_NEWLINK` or `RTM_DELLINK`.
 *
 * @throws MalformedMessageError
 */
export function readLink(message: Message): Link {
  const { view, attributes } = readStructure(message, HEADER_LENGTH, 'RTM_NEWLINK');
  const name = attributes.text(IFLA.IFNAME);
  if (name === undefined) throw new MalformedMessageError('RTM_NEWLINK', 'no name', 'IFLA_IFNAME');
  const flags = view.getUint32(8, LITTLE_ENDIAN);
  const mac = attributes.blob(IFLA.ADDRESS);
  return {
    index: view.getInt32(4, LITTLE_ENDIAN),
    name,
    kind: attributes.nest(IFLA.LINKINFO)?.text(IFLA_INFO.KIND),
    isUp: (flags & IFF.UP) !== 0,
    hasCarrier: (flags & IFF.LOWER_UP) !== 0,
    operationalState: OPERATIONAL_STATES[attributes.u8(IFLA.OPERSTATE) ?? 0] ?? 'unknown',
    mtuBytes: attributes.u32(IFLA.MTU) ?? 0,
    mac: mac?.length === 6 ? mac.slice() : undefined,
    peerIndex: attributes.u32(IFLA.LINK),
    peerNamespaceId: attributes.u32(IFLA.LINK_NETNSID),
    masterIndex: attributes.u32(IFLA.MASTER),
    alias: attributes.text(IFLA.IFALIAS),
    group: attributes.u32(IFLA.GROUP) ?? 0,
    xdpProgramId: attributes.nest(IFLA.XDP)?.u32(IFLA_XDP.PROG_ID),
    flags,
    statistics: readStatistics(attributes),
  };
}

/** In the order of RFC 2863. @source include/uapi/linux/if.h, IF_OPER_* */
const OPERATIONAL_STATES: readonly OperationalState[] = [
  'unknown',
  'not-present',
  'down',
  'lower-layer-down',
  'testing',
  'dormant',
  'up',
];

/** @source struct rtnl_link_stats64, include/uapi/linux/if_link.h */
function readStatistics(attributes: AttributeSet): LinkStatistics | undefined {
  const bytes = attributes.blob(IFLA.STATS64);
  if (!bytes) return undefined;
  if (bytes.length < 64) {
    throw new MalformedMessageError('IFLA_STATS64', `${bytes.length} bytes`, 'at least 64');
  }
  const view = viewOf(bytes);
  const counter = (index: number) => view.getBigUint64(index * 8, LITTLE_ENDIAN);
  return {
    receivedPackets: counter(0),
    sentPackets: counter(1),
    receivedBytes: counter(2),
    sentBytes: counter(3),
    receiveErrors: counter(4),
    sendErrors: counter(5),
    receiveDrops: counter(6),
    sendDrops: counter(7),
  };
}
