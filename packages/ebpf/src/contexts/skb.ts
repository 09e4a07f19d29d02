/**
 * `struct __sk_buff`: one packet with its socket buffer. Several kinds of programs get it; each
 * names those of these fields that the kernel lets it read or write.
 *
 * @source struct __sk_buff, include/uapi/linux/bpf.h
 */
import { be32, u64 } from '../integers.ts';
import type { PacketPlace } from './context.ts';
import { field, pointerOrNull, words, writable } from './context.ts';
import { Socket } from './socket.ts';

/** Where the buffer says its packet is. */
export const skbPacket = { data: 76, dataEnd: 80, pointerSize: 4 } as const satisfies PacketPlace;

/** What every kind may read. */
export const skbFields = {
  /** Bytes of the whole packet, paged data included. */
  length: field(0),
  packetType: field(4),
  queueMapping: field(12),
  /** The ether type as it lies in memory (network byte order). */
  protocol: field(16),
  vlanPresent: field(20),
  vlanTci: field(24),
  vlanProtocol: field(28),
  ingressIfindex: field(36),
  ifindex: field(40),
  hash: field(68),
  napiId: field(84),
  gsoSegments: field(164),
  gsoSize: field(176),
} as const;

/** Scratch words that a program hands to the next one. */
export const skbScratch = {
  cb0: writable(48),
  cb1: writable(52),
  cb2: writable(56),
  cb3: writable(60),
  cb4: writable(64),
} as const;

/** The addresses of the buffer's socket: `local` is this end. */
export const skbAddresses = {
  family: field(88),
  remoteIp4: field(92, be32),
  localIp4: field(96, be32),
  remoteIp6: words(100),
  localIp6: words(116),
  remotePort: field(132, be32),
  localPort: field(136),
} as const;

/** Nanoseconds; when it is to leave, or when it came. */
export const skbTimestamp = writable(152, u64);
/** The socket that the buffer belongs to, if any. */
export const skbSocket = pointerOrNull(168, Socket);
