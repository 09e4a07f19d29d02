/** What one socket gets to see. */
import { Context } from './context.ts';
import { skbFields, skbScratch } from './skb.ts';

/**
 * A packet for a socket with this filter: the program returns how many bytes of it the socket gets,
 * 0 for none. Bytes are read with `loadBytes`; there are no views of the packet.
 *
 * @source sk_filter_is_valid_access, net/core/filter.c
 * @since Linux 3.19
 */
export abstract class SocketFilterContext extends Context('socketFilter', {
  ...skbFields,
  ...skbScratch,
}) {}
