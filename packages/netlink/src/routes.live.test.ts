import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@skep/wire';
import type { Network } from './network.ts';
import type { InstalledRoute, Route } from './routes.ts';
import { cannotMakeNamespaces, newPair, type Shown, show } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

/** A pair whose left end has an address of each family. */
function newRoutable(context: Parameters<typeof newPair>[0]): { left: Network; linkIndex: number } {
  const { left, leftIndex: linkIndex } = newPair(context);
  left.addresses.add({ linkIndex, address: parseAddress('10.0.0.1'), prefixLength: 24 });
  const address = parseAddress('fd00::1');
  left.addresses.add({ linkIndex, address, prefixLength: 64, isDetectionSkipped: true });
  return { left, linkIndex };
}

function textOf(route: InstalledRoute): string {
  const destination = formatPrefix(route.destination)
    .replace(/^(0\.0\.0\.0|::)\/0$/, 'default')
    .replace(/(\/32|(?<=:.*)\/128)$/, '');
  return `${route.type} ${destination} via ${route.via ? formatAddress(route.via) : '-'}`;
}

function shownText({ type, dst, gateway, via }: Shown): string {
  const host = (via as { host?: string } | undefined)?.host;
  return `${type} ${dst} via ${gateway ?? host ?? '-'}`;
}

/**
 * What `ip` and this package must agree on, in all tables, but for the route to an interface's own
 * link-local address: the kernel adds it when no neighbour has objected, at any time.
 */
function assertSameRoutes(network: Network): void {
  for (const family of [4, 6] as const) {
    const shown = show(network, 'ip', `-${family} route show table all`);
    if (!shown) return;
    const known = network.routes.list({ family }).filter(({ type }) => type !== 'other');
    const want = shown.filter(({ type }) => type !== 'multicast');
    const lasting = (texts: string[]) => texts.filter((text) => !/^local fe80:/.test(text)).sort();
    assert.deepEqual(lasting(known.map(textOf)), lasting(want.map(shownText)));
  }
}

const cases: { name: string; route: Omit<Route, 'linkIndex'>; needsLink?: boolean }[] = [
  {
    name: 'default',
    route: { destination: parsePrefix('0.0.0.0/0'), via: parseAddress('10.0.0.2') },
  },
  { name: 'direct', route: { destination: parsePrefix('10.1.0.0/16') }, needsLink: true },
  {
    name: 'via a next hop that no address says is on the link',
    route: {
      destination: parsePrefix('10.2.0.0/16'),
      via: parseAddress('169.254.1.1'),
      isOnLink: true,
    },
    needsLink: true,
  },
  {
    name: 'IPv4 via IPv6',
    route: { destination: parsePrefix('10.3.0.0/16'), via: parseAddress('fd00::2') },
    needsLink: true,
  },
  {
    name: 'in a table of its own, with source, metric and MTU',
    route: {
      destination: parsePrefix('10.4.0.0/16'),
      via: parseAddress('10.0.0.2'),
      source: parseAddress('10.0.0.1'),
      table: 1000,
      metric: 50,
      mtuBytes: 1300,
    },
  },
  { name: 'unreachable', route: { destination: parsePrefix('10.5.0.0/16'), type: 'unreachable' } },
  { name: 'blackhole', route: { destination: parsePrefix('10.6.0.1/32'), type: 'blackhole' } },
  {
    name: 'IPv6 default',
    route: { destination: parsePrefix('::/0'), via: parseAddress('fd00::2') },
  },
  { name: 'IPv6 direct', route: { destination: parsePrefix('fd01::/64') }, needsLink: true },
  {
    name: 'IPv6 unreachable',
    route: { destination: parsePrefix('fd02::/64'), type: 'unreachable' },
  },
  {
    name: 'IPv6 in a table of its own',
    route: { destination: parsePrefix('fd03::1/128'), via: parseAddress('fd00::2'), table: 1000 },
  },
];

for (const { name, route, needsLink } of cases) {
  test(`route ${name}`, { skip }, (context) => {
    const { left, linkIndex } = newRoutable(context);
    const whole: Route = needsLink ? { ...route, linkIndex } : route;
    left.routes.add(whole);
    assertSameRoutes(left);
    const filter = { family: route.destination.address.family, table: route.table ?? 254 };
    const want = formatPrefix(route.destination);
    const find = () =>
      left.routes.list(filter).find(({ destination }) => formatPrefix(destination) === want);
    const found = find();
    assert.equal(found?.type, route.type ?? 'unicast');
    assert.equal(found?.isOnLink, route.isOnLink ?? false);
    assert.equal(found?.mtuBytes, route.mtuBytes);
    if (route.metric !== undefined) assert.equal(found?.metric, route.metric);
    assert.throws(() => left.routes.add(whole), { errnoName: 'EEXIST' });
    left.routes.delete(whole);
    assert.equal(find(), undefined);
  });
}

test('replace changes a route in place; delete of an absent one is refused', {
  skip,
}, (context) => {
  const { left } = newRoutable(context);
  const destination = parsePrefix('10.9.0.0/16');
  left.routes.replace({ destination, via: parseAddress('10.0.0.2') });
  left.routes.replace({ destination, via: parseAddress('10.0.0.3') });
  const found = left.routes.list({ family: 4, table: 254 }).map(textOf);
  assert.deepEqual(found, ['unicast 10.0.0.0/24 via -', 'unicast 10.9.0.0/16 via 10.0.0.3']);
  left.routes.delete({ destination });
  assert.throws(() => left.routes.delete({ destination }), {
    message: /^delete route 10\.9\.0\.0\/16: ESRCH: no such process/,
  });
});

test('routes of one link, and of a table that was never used', { skip }, (context) => {
  const { left, linkIndex } = newRoutable(context);
  left.links.set('lo', { isUp: true });
  const indexes = left.routes.list({ linkIndex }).map((route) => route.linkIndex);
  assert.ok(indexes.length > 0);
  assert.ok(indexes.every((index) => index === linkIndex));
  assert.deepEqual(left.routes.list({ table: 4242 }), []);
});
