/**
 * Sockets.
 *
 * @source include/linux/socket.h, include/uapi/asm-generic/socket.h, include/linux/net.h
 */

/** Families of addresses and protocols, AF_*. */
export const AddressFamily = {
  UNIX: 1,
  INET: 2,
  INET6: 10,
  NETLINK: 16,
  PACKET: 17,
  XDP: 44,
} as const;

/** Types of sockets and flags beside them, SOCK_*. */
export const SocketType = {
  STREAM: 1,
  DGRAM: 2,
  RAW: 3,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
} as const;

/** Which layer an option belongs to, SOL_* and IPPROTO_*. */
export const SocketLevel = {
  IP: 0,
  SOCKET: 1,
  TCP: 6,
  IPV6: 41,
  PACKET: 263,
  NETLINK: 270,
  XDP: 283,
} as const;

/** Options of `SocketLevel.SOCKET`, SO_*. */
export const SocketOption = {
  REUSEADDR: 2,
  ERROR: 4,
  SNDBUF: 7,
  RCVBUF: 8,
  REUSEPORT: 15,
  PEERCRED: 17,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  DETACH_FILTER: 27,
  BINDTODEVICE: 25,
  RCVBUFFORCE: 33,
  MARK: 36,
  ATTACH_BPF: 50,
  ATTACH_REUSEPORT_EBPF: 52,
  COOKIE: 57,
} as const;

/** Options of `SocketLevel.PACKET`, PACKET_*. @source include/uapi/linux/if_packet.h */
export const PacketOption = { IGNORE_OUTGOING: 23 } as const;

/** Flags of sending and receiving, MSG_*. */
export const MessageFlag = {
  PEEK: 0x02,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  NOSIGNAL: 0x4000,
} as const;
