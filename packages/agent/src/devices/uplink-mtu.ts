/** How large a packet of an endpoint may be: what the node's own way out takes. */
import type { Network } from '@skep/netlink';

/** RFC 8200 section 5: below this a link cannot carry IPv6. */
const IPV6_MTU_BYTES_MIN = 1280;

/**
 * The least MTU of the links and routes that default routes leave by, of either family, in bytes;
 * `undefined` where the node has no way out. Less than IPv6 needs is taken to be that.
 */
export function uplinkMtu(network: Network): number | undefined {
  const ways = network.routes.list({ table: MAIN_TABLE }).filter((route) => {
    return route.destination.length === 0 && route.type === 'unicast';
  });
  const mtus = ways.flatMap(({ linkIndex, mtuBytes }) => {
    const link = linkIndex === undefined ? undefined : network.links.find(linkIndex);
    return [link?.mtuBytes, mtuBytes].filter((each) => each !== undefined);
  });
  return mtus.length > 0 ? Math.max(IPV6_MTU_BYTES_MIN, Math.min(...mtus)) : undefined;
}

/** @source enum rt_class_t, include/uapi/linux/rtnetlink.h */
const MAIN_TABLE = 254;
