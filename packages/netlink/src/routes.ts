/** Routes. */
import { Errno } from '@skep/sys';
import { type Address, formatPrefix, type Prefix } from '@skep/wire';
import { NLM_F, RT_SCOPE, RT_TABLE, RTA, RTAX, RTM, RTN, RTNH_F, RTPROT } from './abi.ts';
import { type AttributeSet, type AttributeWriter, LITTLE_ENDIAN, viewOf } from './attributes.ts';
import type { Exchange } from './exchange.ts';
import { familyNumber, familyOf, readAddress } from './family.ts';
import { type Message, Request, readStructure } from './message.ts';
import { type Intent, MalformedMessageError, NetlinkError } from './netlink-error.ts';

/**
 * What happens to packets of a route: `unicast` sends them on, `local` delivers them here,
 * `blackhole` drops them silently, `unreachable` and `prohibit` answer with ICMP, `throw` leaves
 * the table.
 */
export type RouteType = 'unicast' | 'local' | 'blackhole' | 'unreachable' | 'prohibit' | 'throw';

/** What the kernel makes by itself beside `local`: also delivered here. */
export type DeliveredType = 'broadcast' | 'anycast';

/** How far the destination is; as the kernel finds fit where a route does not say. */
export type RouteScope = 'global' | 'link' | 'host';

/** A route to be made, or the properties of one to be deleted. */
export interface Route {
  /** `0.0.0.0/0` or `::/0` is the default route. */
  readonly destination: Prefix;
  /** `unicast` where absent. */
  readonly type?: RouteType;
  /** The next hop; of the other family too: IPv4 by way of an IPv6 neighbour. @since Linux 5.2 */
  readonly via?: Address;
  /** Link that packets leave by. */
  readonly linkIndex?: number;
  readonly scope?: RouteScope;
  /** The next hop is taken to be on the link though no address of the link says so. */
  readonly isOnLink?: boolean;
  /** Number of the table; 254, the main one, where absent. */
  readonly table?: number;
  /** Address that packets of this node are sent from. */
  readonly source?: Address;
  /** Lower numbers are preferred. IPv6 uses 1024 where absent. */
  readonly metric?: number;
  readonly mtuBytes?: number;
  /** Who made it, `RTPROT_*`; 4, the administrator, where absent. */
  readonly protocol?: number;
}

/** A route as the kernel has it. */
export interface InstalledRoute {
  readonly destination: Prefix;
  readonly type: RouteType | DeliveredType | 'other';
  readonly via: Address | undefined;
  readonly linkIndex: number | undefined;
  /** `RT_SCOPE_*`. @source include/uapi/linux/rtnetlink.h */
  readonly scope: number;
  readonly isOnLink: boolean;
  readonly table: number;
  readonly source: Address | undefined;
  readonly metric: number | undefined;
  readonly mtuBytes: number | undefined;
  readonly protocol: number;
  /** Has several next hops, of which none is told here. */
  readonly isMultipath: boolean;
}

/** Which routes to list; what is absent does not matter. */
export interface RouteFilter {
  readonly family?: 4 | 6;
  readonly table?: number;
  readonly linkIndex?: number;
}

/** Bytes of `struct rtmsg`. */
const HEADER_LENGTH = 12;

/** Reads and changes the routes of the namespace that the socket was opened in. */
export class Routes {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Routes of all tables, or those that pass the filter. @throws NetlinkError */
  list(filter: RouteFilter = {}): InstalledRoute[] {
    const families = filter.family === undefined ? ([4, 6] as const) : [filter.family];
    return families.flatMap((family) => this.#listFamily({ ...filter, family }));
  }

  /** @throws NetlinkError `EEXIST` where a route to the destination is there. */
  add(route: Route): void {
    this.#change('add route', RTM.NEWROUTE, NLM_F.CREATE | NLM_F.EXCL, route);
  }

  /**
   * Adds the route, in place of the one of same destination, table and metric.
   *
   * @throws NetlinkError
   */
  replace(route: Route): void {
    this.#change('replace route', RTM.NEWROUTE, NLM_F.CREATE | NLM_F.REPLACE, route);
  }

  /** Deletes a route that has all given properties. @throws NetlinkError `ESRCH` where none is. */
  delete(route: Route): void {
    this.#change('delete route', RTM.DELROUTE, 0, route);
  }

  #change(operation: string, type: number, flags: number, route: Route): void {
    const isDelete = type === RTM.DELROUTE;
    const request = new Request(type, flags, routeHeader(route, isDelete));
    writeRoute(request.attributes, route);
    this.#exchange.request(request, { operation, subject: formatPrefix(route.destination) });
  }

  #listFamily(filter: RouteFilter & { family: 4 | 6 }): InstalledRoute[] {
    const header = new Uint8Array(HEADER_LENGTH);
    header[0] = familyNumber(filter.family);
    const request = new Request(RTM.GETROUTE, 0, header);
    if (filter.table !== undefined) request.attributes.u32(RTA.TABLE, filter.table);
    if (filter.linkIndex !== undefined) request.attributes.u32(RTA.OIF, filter.linkIndex);
    const intent = { operation: 'list routes', subject: `IPv${filter.family}` };
    return this.#dump(request, intent).map(readRoute);
  }

  /** A table that was never used does not exist: it has no routes. */
  #dump(request: Request, intent: Intent): Message[] {
    try {
      return this.#exchange.dump(request, intent);
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === Errno.ENOENT) return [];
      throw error;
    }
  }
}

const TYPES: Readonly<Record<RouteType, number>> = {
  unicast: RTN.UNICAST,
  local: RTN.LOCAL,
  blackhole: RTN.BLACKHOLE,
  unreachable: RTN.UNREACHABLE,
  prohibit: RTN.PROHIBIT,
  throw: RTN.THROW,
};

const SCOPES: Readonly<Record<RouteScope, number>> = {
  global: RT_SCOPE.UNIVERSE,
  link: RT_SCOPE.LINK,
  host: RT_SCOPE.HOST,
};

/** @source struct rtmsg, include/uapi/linux/rtnetlink.h */
function routeHeader(route: Route, isDelete: boolean): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH);
  const table = route.table ?? RT_TABLE.MAIN;
  header[0] = familyNumber(route.destination.address.family);
  header[1] = route.destination.length;
  header[4] = table < 256 ? table : RT_TABLE.UNSPEC;
  header[5] = route.protocol ?? (isDelete ? RTPROT.UNSPEC : RTPROT.STATIC);
  header[6] = scopeOf(route, isDelete);
  // A deletion without a type means a route of any type.
  header[7] = isDelete && route.type === undefined ? RTN.UNSPEC : TYPES[route.type ?? 'unicast'];
  viewOf(header).setUint32(8, route.isOnLink ? RTNH_F.ONLINK : 0, LITTLE_ENDIAN);
  return header;
}

/** As `ip route` chooses: IPv4 destinations without a next hop are on the link. */
function scopeOf(route: Route, isDelete: boolean): number {
  if (route.scope !== undefined) return SCOPES[route.scope];
  if (isDelete) return RT_SCOPE.NOWHERE;
  if (route.destination.address.family === 6) return RT_SCOPE.UNIVERSE;
  if (route.type === 'local') return RT_SCOPE.HOST;
  const isDirect = (route.type ?? 'unicast') === 'unicast' && route.via === undefined;
  return isDirect ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE;
}

function writeRoute(to: AttributeWriter, route: Route): void {
  const { destination, via } = route;
  if (destination.length > 0) to.blob(RTA.DST, destination.address.bytes);
  if (via?.family === destination.address.family) to.blob(RTA.GATEWAY, via.bytes);
  else if (via) to.blob(RTA.VIA, encodeVia(via));
  if (route.linkIndex !== undefined) to.u32(RTA.OIF, route.linkIndex);
  if (route.source) to.blob(RTA.PREFSRC, route.source.bytes);
  if (route.metric !== undefined) to.u32(RTA.PRIORITY, route.metric);
  to.u32(RTA.TABLE, route.table ?? RT_TABLE.MAIN);
  const { mtuBytes } = route;
  if (mtuBytes !== undefined) to.nest(RTA.METRICS, (metrics) => metrics.u32(RTAX.MTU, mtuBytes));
}

/** @source struct rtvia, include/uapi/linux/rtnetlink.h */
function encodeVia(via: Address): Uint8Array {
  const bytes = new Uint8Array(2 + via.bytes.length);
  viewOf(bytes).setUint16(0, familyNumber(via.family), LITTLE_ENDIAN);
  bytes.set(via.bytes, 2);
  return bytes;
}

/**
 * Reads `RTM_NEWROUTE` or `RTM_DELROUTE`.
 *
 * @throws MalformedMessageError
 */
export function readRoute(message: Message): InstalledRoute {
  const subject = 'RTM_NEWROUTE';
  const { view, attributes } = readStructure(message, HEADER_LENGTH, subject);
  const number = view.getUint8(0);
  const family = familyOf(number);
  if (!family) throw new MalformedMessageError(subject, `address family ${number}`, '2 or 10');
  const any: Address = { family, bytes: new Uint8Array(family === 4 ? 4 : 16) };
  const destination = readAddress(attributes.blob(RTA.DST), number, subject) ?? any;
  return {
    destination: { address: destination, length: view.getUint8(1) },
    type: routeType(view.getUint8(7)),
    via: readVia(attributes, number, subject),
    linkIndex: attributes.u32(RTA.OIF),
    scope: view.getUint8(6),
    isOnLink: (view.getUint32(8, LITTLE_ENDIAN) & RTNH_F.ONLINK) !== 0,
    table: attributes.u32(RTA.TABLE) ?? view.getUint8(4),
    source: readAddress(attributes.blob(RTA.PREFSRC), number, subject),
    metric: attributes.u32(RTA.PRIORITY),
    mtuBytes: attributes.nest(RTA.METRICS)?.u32(RTAX.MTU),
    protocol: view.getUint8(5),
    isMultipath: attributes.has(RTA.MULTIPATH),
  };
}

function readVia(attributes: AttributeSet, family: number, subject: string): Address | undefined {
  const other = attributes.blob(RTA.VIA);
  if (!other) return readAddress(attributes.blob(RTA.GATEWAY), family, subject);
  const otherFamily = attributes.u16(RTA.VIA) ?? 0;
  return readAddress(other.subarray(2), otherFamily, subject);
}

function routeType(number: number): InstalledRoute['type'] {
  if (number === RTN.BROADCAST) return 'broadcast';
  if (number === RTN.ANYCAST) return 'anycast';
  const entry = Object.entries(TYPES).find(([, value]) => value === number);
  return (entry?.[0] as RouteType | undefined) ?? 'other';
}
