/**
 * Control groups, sockets: made, closed, bound.
 *
 * @source struct bpf_sock, include/uapi/linux/bpf.h; __sock_filter_check_attach_type,
 *   net/core/filter.c
 */
import { be32 } from '../integers.ts';
import { Context, field, words, writable } from './context.ts';

const common = {
  /** AF_INET is 2, AF_INET6 is 10. */
  family: field(4),
  /** SOCK_STREAM is 1, SOCK_DGRAM is 2. */
  type: field(8),
  protocol: field(12),
} as const;
const owned = {
  ...common,
  boundIfindex: writable(0),
  mark: writable(16),
  priority: writable(20),
} as const;

/** socket(2) of a process of the group; `Deny` ends it with EPERM. @since Linux 4.10 */
export abstract class SocketCreateContext extends Context('socketCreate', owned) {}
/** The last descriptor of a socket is closed. @since Linux 5.9 */
export abstract class SocketReleaseContext extends Context('socketRelease', owned) {}
/** After bind(2) to an IPv4 address; `Deny` undoes it. @since Linux 4.17 */
export abstract class PostBind4Context extends Context('postBind4', {
  ...common,
  ip4: field(24, be32),
  port: field(44),
}) {}
/** After bind(2) to an IPv6 address; `Deny` undoes it. @since Linux 4.17 */
export abstract class PostBind6Context extends Context('postBind6', {
  ...common,
  ip6: words(28),
  port: field(44),
}) {}
