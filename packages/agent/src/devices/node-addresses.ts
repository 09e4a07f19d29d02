/** The node's own addresses: what endpoints reach when they talk to the node itself. */
import type { Network } from '@skep/netlink';
import { formatPrefix, isMappedAddress, type Prefix, singlePrefix } from '@skep/wire';
import { GATEWAY } from './endpoint-device.ts';

/** RT_TABLE_LOCAL. @source include/uapi/linux/rtnetlink.h */
const LOCAL_TABLE = 255;
const DELIVERED: ReadonlySet<string> = new Set(['local', 'broadcast', 'anycast']);
const LOOPBACK_BYTE = 127;

/**
 * Every address of every link, each as a prefix of full length, the gateway's among them, and
 * whatever else the kernel delivers here: the links' broadcast addresses, and prefixes that
 * somebody has said are local.
 */
export function nodeAddresses(network: Network): Prefix[] {
  const addresses = network.addresses.list().map(({ address }) => address);
  const delivered = network.routes
    .list({ table: LOCAL_TABLE })
    .filter(({ type }) => DELIVERED.has(type))
    .map(({ destination }) => destination)
    .filter(({ address, length }) => length > 0 && address.bytes[0] !== LOOPBACK_BYTE);
  const single = [GATEWAY.ipv4, GATEWAY.ipv6, ...addresses].map(singlePrefix);
  // IPv4 in the form of IPv6 is on no wire, and would take an IPv4 address's place in the tables.
  const all = [...single, ...delivered].filter(({ address }) => !isMappedAddress(address));
  return [...new Map(all.map((prefix) => [formatPrefix(prefix), prefix])).values()];
}
