/** The node's ways to the world. */
import type { InstalledRoute, Network } from '@skep/netlink';

/** RT_TABLE_MAIN. @source include/uapi/linux/rtnetlink.h */
export const MAIN_TABLE = 254;

/** Those of the main table, of both families. */
export function defaultRoutes(network: Network): InstalledRoute[] {
  return network.routes.list({ table: MAIN_TABLE }).filter(isDefaultRoute);
}

/** Whether a route is for every destination that has no other one. */
export function isDefaultRoute({ destination, type }: InstalledRoute): boolean {
  return destination.length === 0 && type === 'unicast';
}
