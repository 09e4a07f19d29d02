/** Data that a process sends through a socket which is in a socket map. */
import { be32 } from '../integers.ts';
import { field, PacketContext, pointerAt, words } from './context.ts';
import { Socket } from './socket.ts';

/**
 * One sendmsg(2) or sendfile(2). `at` reaches the bytes that `messagePull` has made linear.
 *
 * @source struct sk_msg_md, include/uapi/linux/bpf.h; sk_msg_is_valid_access, net/core/filter.c
 * @since Linux 4.17
 */
export abstract class MessageContext extends PacketContext(
  'message',
  { data: 0, dataEnd: 8, pointerSize: 8 },
  {
    family: field(16),
    remoteIp4: field(20, be32),
    localIp4: field(24, be32),
    remoteIp6: words(28),
    localIp6: words(44),
    remotePort: field(60, be32),
    localPort: field(64),
    /** Bytes of the whole message. */
    length: field(68),
    /** @since Linux 5.10 */
    socket: pointerAt(72, Socket),
  },
) {}
