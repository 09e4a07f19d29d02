/** Which socket of a network namespace gets a new connection or a datagram. */
import { be16, be32 } from '../integers.ts';
import { Context, field, halfField, pointerOrNull, words } from './context.ts';
import { Socket } from './socket.ts';

/**
 * A packet for which the kernel looks for a listening or unconnected socket. `assignSocket` chooses
 * one; `SkAction.Pass` without a choice leaves it to the kernel, `Drop` refuses the packet.
 *
 * @source struct bpf_sk_lookup, include/uapi/linux/bpf.h; sk_lookup_is_valid_access,
 *   net/core/filter.c
 * @since Linux 5.9
 */
export abstract class SocketLookupContext extends Context('socketLookup', {
  /** What was chosen so far. */
  socket: pointerOrNull(0, Socket),
  family: field(8),
  /** IPPROTO_TCP is 6, IPPROTO_UDP is 17. */
  protocol: field(12),
  remoteIp4: field(16, be32),
  remoteIp6: words(20),
  remotePort: halfField(36, be16),
  localIp4: field(40, be32),
  localIp6: words(44),
  localPort: field(60),
  /** @since Linux 5.17 */
  ingressIfindex: field(64),
}) {}
