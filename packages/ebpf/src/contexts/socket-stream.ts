/**
 * Data that arrives at sockets which are in a socket map, before their processes read it.
 *
 * A parser and a stream verdict see the whole buffer that holds their message, and a
 * parser only reads it.
 *
 * @source sk_skb_is_valid_access, net/core/filter.c
 */
import { PacketContext, writable } from './context.ts';
import { skbAddresses, skbFields, skbPacket, skbSocket } from './skb.ts';

const members = {
  ...skbFields,
  ...skbAddresses,
  priority: writable(32),
  classifierIndex: writable(44),
  socket: skbSocket,
} as const;

/**
 * Where does the first message in this data end? Returns its length in bytes, 0 where more is
 * needed to say so.
 *
 * @since Linux 4.14
 */
export abstract class StreamParserContext extends PacketContext(
  'streamParser',
  skbPacket,
  members,
) {}
/** One message that the parser of the same map found. @since Linux 4.14 */
export abstract class StreamVerdictContext extends PacketContext(
  'streamVerdict',
  skbPacket,
  members,
) {}
/** Data as it comes, in a map that has no parser. @since Linux 5.13 */
export abstract class SkbVerdictContext extends PacketContext('skbVerdict', skbPacket, members) {}

/** Data that arrives at a socket, whoever decides about it. */
export type StreamContext = StreamParserContext | StreamVerdictContext | SkbVerdictContext;
