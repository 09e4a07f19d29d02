/** Which interfaces lead to the world, and what stands for endpoints there. */
import { UPLINKS_MAX } from '@skep/contract';
import { atLimit, uplinks as uplinkTable } from '@skep/datapath';
import type { AssignedAddress, InstalledRoute, Link } from '@skep/netlink';
import type { Address } from '@skep/wire';
import { isDefaultRoute } from '../devices/default-routes.ts';
import { LINK_GROUP } from '../devices/endpoint-device.ts';

/** An interface to the world. */
export interface ChosenUplink {
  readonly index: number;
  readonly name: string;
  readonly ipv4?: Address;
  readonly ipv6?: Address;
}

/** What the node's namespace has. */
export interface NetworkState {
  readonly links: readonly Link[];
  readonly addresses: readonly AssignedAddress[];
  readonly routes: readonly InstalledRoute[];
}

/** Of links that endpoints have for their own there is none among them. */
export function chooseUplinks(
  state: NetworkState,
  names: readonly string[] | undefined,
): { uplinks: ChosenUplink[]; problems: string[] } {
  const routed = new Set(state.routes.filter(isDefaultRoute).map(({ linkIndex }) => linkIndex));
  const isWanted = (link: Link): boolean => {
    if (link.group === LINK_GROUP) return false;
    return names ? names.includes(link.name) : routed.has(link.index);
  };
  const wanted = state.links.filter(isWanted);
  const problems = wanted
    .filter((link) => link.mac === undefined)
    .map(({ name }) => `masquerade: ${name} has no Ethernet header: not masqueraded there`);
  const all = wanted
    .filter((link) => link.mac !== undefined)
    .map((link) => withAddresses(link, state));
  const uplinks = all.slice(0, UPLINKS_MAX);
  return { uplinks, problems: [...problems, ...tooMany(all), ...missing(uplinks, names)] };
}

function tooMany(all: readonly ChosenUplink[]): string[] {
  const { advice } = atLimit(uplinkTable.name);
  return all.slice(UPLINKS_MAX).map(({ name }) => {
    const found = `there are ${all.length} uplinks, of at most ${UPLINKS_MAX}`;
    return `masquerade: ${found}: not masqueraded at ${name} (${advice})`;
  });
}

function missing(uplinks: readonly ChosenUplink[], names: readonly string[] | undefined): string[] {
  const absent = (names ?? []).filter((name) => !uplinks.some((uplink) => uplink.name === name));
  const without = uplinks
    .filter(({ ipv4, ipv6 }) => !ipv4 && !ipv6)
    .map(({ name }) => `masquerade: ${name} has no address: endpoints do not reach the world`);
  if (!names && uplinks.length === 0) {
    return ['masquerade: found no default route, expected one (or name the uplink: --uplink)'];
  }
  return [...absent.map((name) => `masquerade: there is no usable uplink ${name}`), ...without];
}

/** What the default route says that the node itself is to use, or the first that the link has. */
function withAddresses({ index, name }: Link, state: NetworkState): ChosenUplink {
  const [ipv4, ipv6] = ([4, 6] as const).map((family) => {
    const isOwn = (route: InstalledRoute): boolean => {
      const { address } = route.destination;
      return isDefaultRoute(route) && route.linkIndex === index && address.family === family;
    };
    const preferred = state.routes.find((route) => isOwn(route) && route.source)?.source;
    const own = state.addresses.find((each) => {
      return each.linkIndex === index && each.address.family === family && isUsable(each);
    });
    return preferred ?? own?.address;
  });
  return { index, name, ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

/** RT_SCOPE_UNIVERSE. @source include/uapi/linux/rtnetlink.h */
const GLOBAL_SCOPE = 0;
/**
 * IFA_F_SECONDARY, which is IFA_F_TEMPORARY of IPv6, and IFA_F_DEPRECATED. @source
 * include/uapi/linux/if_addr.h
 */
const PASSING_FLAGS = 0x01 | 0x20;

/** Valid everywhere, in use, and meant to stay. */
function isUsable({ scope, flags, isTentative, isDuplicate }: AssignedAddress): boolean {
  return scope === GLOBAL_SCOPE && !isTentative && !isDuplicate && (flags & PASSING_FLAGS) === 0;
}
