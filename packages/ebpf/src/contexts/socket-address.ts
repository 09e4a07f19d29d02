/**
 * Control groups, addresses of sockets: what a process hands to connect(2), bind(2), sendmsg(2),
 * and what recvmsg(2), getpeername(2) and getsockname(2) are about to tell it. A program may put
 * another address there.
 *
 * @source struct bpf_sock_addr, include/uapi/linux/bpf.h; sock_addr_is_valid_access,
 *   net/core/filter.c
 */
import { be16, be32 } from '../integers.ts';
import { Context, field, pointerAt, writable, writableWords } from './context.ts';
import { Socket } from './socket.ts';

const common = {
  /** The family of the address: AF_INET is 2, AF_INET6 is 10. */
  userFamily: field(0),
  userPort: writable(24, be16),
  /** The socket's own family. */
  family: field(28),
  /** SOCK_STREAM is 1, SOCK_DGRAM is 2. */
  type: field(32),
  protocol: field(36),
  socket: pointerAt(64, Socket),
} as const;
const ip4 = { ...common, userIp4: writable(4, be32) } as const;
const ip6 = { ...common, userIp6: writableWords(8) } as const;

/** connect(2) to an IPv4 address. @since Linux 4.17 */
export abstract class Connect4Context extends Context('connect4', ip4) {}
/** connect(2) to an IPv6 address, also of an IPv4 one written as IPv6. @since Linux 4.17 */
export abstract class Connect6Context extends Context('connect6', ip6) {}
/** bind(2) to an IPv4 address. @since Linux 4.17 */
export abstract class Bind4Context extends Context('bind4', ip4) {}
/** bind(2) to an IPv6 address. @since Linux 4.17 */
export abstract class Bind6Context extends Context('bind6', ip6) {}

/** A datagram to an IPv4 address, from a socket that is not connected. @since Linux 4.18 */
export abstract class Sendmsg4Context extends Context('sendmsg4', {
  ...ip4,
  /** Where it will come from; 0 lets the kernel choose. */
  sourceIp4: writable(40, be32),
}) {}
/** A datagram to an IPv6 address, from a socket that is not connected. @since Linux 4.18 */
export abstract class Sendmsg6Context extends Context('sendmsg6', {
  ...ip6,
  /** Where it will come from; zeros let the kernel choose. */
  sourceIp6: writableWords(44),
}) {}

/** The IPv4 address that recvmsg(2) says a datagram came from. @since Linux 5.2 */
export abstract class Recvmsg4Context extends Context('recvmsg4', ip4) {}
/** The IPv6 address that recvmsg(2) says a datagram came from. @since Linux 5.2 */
export abstract class Recvmsg6Context extends Context('recvmsg6', ip6) {}
/** The IPv4 address that getpeername(2) tells. @since Linux 5.8 */
export abstract class Getpeername4Context extends Context('getpeername4', ip4) {}
/** The IPv6 address that getpeername(2) tells. @since Linux 5.8 */
export abstract class Getpeername6Context extends Context('getpeername6', ip6) {}
/** The IPv4 address that getsockname(2) tells. @since Linux 5.8 */
export abstract class Getsockname4Context extends Context('getsockname4', ip4) {}
/** The IPv6 address that getsockname(2) tells. @since Linux 5.8 */
export abstract class Getsockname6Context extends Context('getsockname6', ip6) {}
