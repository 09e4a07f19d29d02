/** The node's network as its endpoints meet it. */
import { Network } from '@skep/netlink';
import { formatAddress, formatMac, formatPrefix, type Address, type Prefix } from '@skep/wire';
import type { DumpPart } from './dump-part.ts';

/** Of one namespace, by its path; of this process's own where it is absent. */
export function networkParts(namespace: string | undefined): DumpPart[] {
  const part = (name: string, read: (network: Network) => unknown): DumpPart => ({
    file: `network/${name}.json`,
    read: () => withNetwork(namespace, (network) => readable(read(network))),
  });
  return [
    part('links', ({ links }) => links.list()),
    part('addresses', ({ addresses }) => addresses.list()),
    part('routes', ({ routes }) => routes.list()),
    part('rules', ({ rules }) => [...rules.list(4), ...rules.list(6)]),
    part('neighbours', ({ neighbours }) => neighbours.list()),
    part('filters', listFilters),
    part('settings', readSettings),
  ];
}

function withNetwork<T>(namespace: string | undefined, task: (network: Network) => T): T {
  const network = new Network(namespace);
  try {
    return task(network);
  } finally {
    network.close();
  }
}

function listFilters({ links, trafficControl }: Network): unknown {
  return links.list().flatMap(({ name, index }) =>
    (['ingress', 'egress'] as const)
      .map((direction) => {
        const filters = trafficControl.listFilters(index, direction);
        return { name, direction, filters };
      })
      .filter(({ filters }) => filters.length > 0),
  );
}

const SETTINGS = ['forwarding', 'rp_filter', 'accept_ra', 'proxy_arp', 'disable_ipv6'] as const;

/** What decides about packets besides the datapath; those that a family lacks are left out. */
function readSettings({ links, settings }: Network): unknown {
  const names = ['all', 'default', ...links.list().map(({ name }) => name)];
  return Object.fromEntries(
    names.flatMap((name) =>
      ([4, 6] as const).flatMap((family) =>
        SETTINGS.flatMap((setting): [string, string][] => {
          try {
            return [[`ipv${family}.${name}.${setting}`, settings.readLink(family, name, setting)]];
          } catch {
            return [];
          }
        }),
      ),
    ),
  );
}

/** Addresses, prefixes and MAC addresses as text. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return value.length === 6 ? formatMac(value) : Buffer.from(value).toString('hex');
  }
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  if (isPrefix(value)) return formatPrefix(value);
  if (isAddress(value)) return formatAddress(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, readable(each)]));
}

function isAddress(value: object): value is Address {
  return 'family' in value && 'bytes' in value;
}

function isPrefix(value: object): value is Prefix {
  const { address, length } = value as Partial<Prefix>;
  return typeof length === 'number' && typeof address === 'object' && isAddress(address);
}
