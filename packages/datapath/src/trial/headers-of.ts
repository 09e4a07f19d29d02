/**
 * A second opinion of where a packet comes from and goes to, written for reading, not for the
 * kernel: what the trials hold the datapath's own parser against.
 */
import { EtherType, formatAddress, IpProtocol } from '@skep/wire';
import { etherTypeOf } from './observe.ts';

const ETHERNET_BYTES = 14;
const EXTENSIONS = [0, 43, 44, 60];

/** Ends as text; ports are 0 where a packet has none. */
export interface Headers {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly isLaterFragment: boolean;
  /** The packet that an ICMP error quotes, where it is one. */
  readonly quoted?: Headers;
}

/** Of a frame; `undefined` where it is no IP, or ends too early. */
export function headersOf(frame: Uint8Array): Headers | undefined {
  const type = etherTypeOf(frame);
  if (type !== EtherType.IPv4 && type !== EtherType.IPv6) return undefined;
  try {
    return readHeaders(frame.subarray(ETHERNET_BYTES));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** By the version that the packet says it has. */
function readHeaders(packet: Uint8Array): Headers {
  return viewOf(packet).getUint8(0) >>> 4 === 6 ? ipv6Headers(packet) : ipv4Headers(packet);
}

function ipv4Headers(packet: Uint8Array): Headers {
  const view = viewOf(packet);
  const isLater = (view.getUint16(6) & 0x1fff) !== 0;
  const rest = packet.subarray((view.getUint8(0) & 0x0f) * 4);
  const ends = { source: addressAt(packet, 12, 4), destination: addressAt(packet, 16, 4) };
  return { ...ends, ...transportOf(rest, view.getUint8(9), isLater, false) };
}

function ipv6Headers(packet: Uint8Array): Headers {
  const view = viewOf(packet);
  const ends = { source: addressAt(packet, 8, 16), destination: addressAt(packet, 24, 16) };
  let next = view.getUint8(6);
  let at = 40;
  let isLater = false;
  while (!isLater && EXTENSIONS.includes(next)) {
    const isFragment = next === 44;
    isLater = isFragment && (view.getUint16(at + 2) & 0xfff8) !== 0;
    next = view.getUint8(at);
    at += isFragment ? 8 : (view.getUint8(at + 1) + 1) * 8;
  }
  return { ...ends, ...transportOf(packet.subarray(at), next, isLater, true) };
}

type Transport = Omit<Headers, 'source' | 'destination'>;

function transportOf(
  bytes: Uint8Array,
  protocol: number,
  isLater: boolean,
  isIpv6: boolean,
): Transport {
  const none = { protocol, sourcePort: 0, destinationPort: 0, isLaterFragment: isLater };
  if (isLater) return none;
  const view = viewOf(bytes);
  if (protocol === IpProtocol.ICMP || protocol === IpProtocol.ICMPv6) {
    const type = view.getUint8(0);
    const isError = isIpv6 ? type >= 1 && type <= 4 : [3, 11, 12].includes(type);
    if (isError) return { ...none, quoted: readHeaders(bytes.subarray(8)) };
    const isRequest = type === (isIpv6 ? 128 : 8);
    const identifier = view.getUint16(4);
    return { ...none, [isRequest ? 'sourcePort' : 'destinationPort']: identifier };
  }
  return { ...none, sourcePort: view.getUint16(0), destinationPort: view.getUint16(2) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function addressAt(bytes: Uint8Array, at: number, length: 4 | 16): string {
  if (at + length > bytes.length) throw new RangeError(`no address at ${at}`);
  const family = length === 4 ? 4 : 6;
  return formatAddress({ family, bytes: bytes.subarray(at, at + length) });
}
