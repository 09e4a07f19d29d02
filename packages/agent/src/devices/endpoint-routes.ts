/**
 * Ways out of an endpoint's namespace, which may have several interfaces: what is sent from the
 * address of one leaves by that one, and what is sent from none by the first that there is.
 */
import type { InstalledRoute, Network, Rule } from '@skep/netlink';
import { type Address, formatAddress, maskAddress, singlePrefix } from '@skep/wire';
import { defaultRoutes, isDefaultRoute, MAIN_TABLE } from './default-routes.ts';

/** Of one address of an endpoint. */
export interface WayOut {
  readonly endpointId: number;
  readonly linkIndex: number;
  readonly address: Address;
  readonly gateway: Address;
}

/** The number of the table, rule and metric of endpoint 0: behind others, before rule 32766. */
const FIRST_NUMBER = 10_000;

/**
 * Where another interface has a default route, that stays the first. This one's is behind it, and
 * has a table besides for what is sent from its address.
 */
export function openWayOut(inside: Network, wayOut: WayOut): void {
  const { linkIndex, address, gateway } = wayOut;
  const destination = { address: maskAddress(address, 0), length: 0 };
  const route = { destination, via: gateway, linkIndex, isOnLink: true, source: address };
  const isFirst = !defaultRoutes(inside).some((each) => {
    return each.destination.address.family === address.family;
  });
  if (isFirst) {
    inside.routes.replace(route);
    return;
  }
  const rule = ruleOf(wayOut);
  inside.routes.replace({ ...route, metric: rule.table });
  inside.routes.replace({ ...route, table: rule.table });
  deleteRule(inside, rule);
  inside.rules.add(rule);
}

/** What is missing, one sentence each. */
export function checkWayOut(inside: Network, wayOut: WayOut): string[] {
  const { linkIndex, address, gateway } = wayOut;
  const { family } = address;
  const byGateway = (route: InstalledRoute): boolean => {
    const { via } = route;
    return isDefaultRoute(route) && !!via && formatAddress(via) === formatAddress(gateway);
  };
  const routes = inside.routes.list({ family, linkIndex }).filter(byGateway);
  const main = routes.find(({ table }) => table === MAIN_TABLE);
  if (!main) return [`default route of IPv${family} by ${formatAddress(gateway)}: it is gone`];
  const rule = ruleOf(wayOut);
  if (main.metric !== rule.table) return [];
  const isWhole = routes.some(({ table }) => table === rule.table) && hasRule(inside, rule);
  return isWhole ? [] : [`way out of ${formatAddress(address)} by table ${rule.table}: it is gone`];
}

/** Routes go with their interface, rules do not. */
export function closeWayOut(inside: Network, wayOut: Pick<WayOut, 'endpointId' | 'address'>): void {
  deleteRule(inside, ruleOf(wayOut));
}

function ruleOf({ endpointId, address }: Pick<WayOut, 'endpointId' | 'address'>): Rule {
  const table = FIRST_NUMBER + endpointId;
  return { family: address.family, priority: table, table, from: singlePrefix(address) };
}

function hasRule(inside: Network, { family, table, from }: Rule): boolean {
  const text = formatAddress(from!.address);
  return inside.rules.list(family).some((each) => {
    return each.table === table && each.from && formatAddress(each.from.address) === text;
  });
}

function deleteRule(inside: Network, rule: Rule): void {
  if (hasRule(inside, rule)) inside.rules.delete(rule);
}
