/** Whether addresses that the agent gives may be those of others, as the node's routes tell. */
import type { InstalledRoute, Network } from '@skep/netlink';
import { formatAddress, formatPrefix } from '@skep/wire';
import { isDefaultRoute, MAIN_TABLE } from '../devices/default-routes.ts';
import { LINK_GROUP } from '../devices/endpoint-device.ts';
import { type AddressRange, formatRange, isOverlapping, rangeOf } from './address-range.ts';

/** Those that the node sends to by way of: packets to them must not end at an endpoint. */
export function nextHops(network: Network): Set<string> {
  const hops = network.routes.list({ table: MAIN_TABLE }).flatMap(({ via }) => via ?? []);
  return new Set(hops.map(formatAddress));
}

/**
 * Sentences, `what is wrong (what to do)`. Of a prefix that is reached by a router, the pool may
 * well be the part that is routed to this node.
 */
export function checkPools(ranges: readonly AddressRange[], network: Network): string[] {
  const others = network.links.list().filter(({ group }) => group !== LINK_GROUP);
  const names = new Map(others.map(({ index, name }) => [index, name]));
  return network.routes.list({ table: MAIN_TABLE }).flatMap((route) => {
    const name = route.linkIndex === undefined ? undefined : names.get(route.linkIndex);
    if (name === undefined || route.type !== 'unicast' || isDefaultRoute(route)) return [];
    return ranges
      .filter((range) => isShared(range, route))
      .map((range) => {
        const found = `packets to ${formatPrefix(route.destination)} leave by ${name}`;
        const effect = 'so that endpoints may have addresses of others';
        const advice = 'give the agent another --pool, or --reserve what others have';
        return `pool ${formatRange(range)}: ${found}, ${effect} (${advice})`;
      });
  });
}

function isShared(range: AddressRange, { destination, via }: InstalledRoute): boolean {
  const routed = rangeOf(destination);
  if (!isOverlapping(range, routed)) return false;
  return via === undefined || (range.first <= routed.first && routed.last <= range.last);
}
