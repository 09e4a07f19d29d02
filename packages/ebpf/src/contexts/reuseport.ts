/** Which of the sockets that share one port gets a packet. */
import { field, PacketContext, pointerOrNull, pointerAt } from './context.ts';
import { Socket } from './socket.ts';

const place = { data: 0, dataEnd: 8, pointerSize: 8 } as const;
const members = {
  /** Bytes from the transport header on. */
  length: field(16),
  /** As it lies in memory (network byte order). */
  etherType: field(20),
  protocol: field(24),
  isBoundToAny: field(28),
  /** Of addresses and ports. */
  hash: field(32),
  /** One of the sockets of the group. @since Linux 5.14 */
  socket: pointerAt(40, Socket),
} as const;

/**
 * A packet for a group of sockets with SO_REUSEPORT, from its transport header on. The program
 * chooses with `SocketArray.select`.
 *
 * @source struct sk_reuseport_md, include/uapi/linux/bpf.h; sk_reuseport_is_valid_access,
 *   net/core/filter.c
 * @since Linux 4.19
 */
export abstract class ReuseportContext extends PacketContext('reuseport', place, members) {}

/** As `ReuseportContext`; also asked where connections go whose listener closes. */
export abstract class ReuseportMigrateContext extends PacketContext('reuseportMigrate', place, {
  ...members,
  /** The socket that is to move, or `null` where it is about a new one. @since Linux 5.14 */
  migratingSocket: pointerOrNull(48, Socket),
}) {}
