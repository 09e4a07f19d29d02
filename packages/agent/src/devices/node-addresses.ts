/** The node's own addresses: what endpoints reach when they talk to the node itself. */
import type { Network } from '@skep/netlink';
import { formatPrefix, type Prefix, singlePrefix } from '@skep/wire';
import { GATEWAY } from './endpoint-device.ts';

/** Every address of every link, each as a prefix of full length, the gateway's among them. */
export function nodeAddresses(network: Network): Prefix[] {
  const addresses = network.addresses.list().map(({ address }) => address);
  const prefixes = [GATEWAY.ipv4, GATEWAY.ipv6, ...addresses].map(singlePrefix);
  return [...new Map(prefixes.map((prefix) => [formatPrefix(prefix), prefix])).values()];
}
