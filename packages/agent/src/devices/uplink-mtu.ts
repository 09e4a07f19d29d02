/** How large a packet of an endpoint may be: what the node's own way out takes. */
import type { Network } from '@skep/netlink';
import { defaultRoutes } from './default-routes.ts';

/** RFC 8200 section 5: below this a link cannot carry IPv6. */
const IPV6_MTU_BYTES_MIN = 1280;

/**
 * The least MTU of the links and routes that default routes leave by, of either family, in bytes;
 * `undefined` where the node has no way out. Less than IPv6 needs is taken to be that.
 */
export function uplinkMtu(network: Network): number | undefined {
  const mtus = defaultRoutes(network).flatMap(({ linkIndex, mtuBytes }) => {
    const link = linkIndex === undefined ? undefined : network.links.find(linkIndex);
    return [link?.mtuBytes, mtuBytes].filter((each) => each !== undefined);
  });
  return mtus.length > 0 ? Math.max(IPV6_MTU_BYTES_MIN, Math.min(...mtus)) : undefined;
}
