import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from '@skep/wire';
import type { Network } from './network.ts';
import { cannotMakeNamespaces, newPair, show } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

/** What `ip` and this package must agree on. */
function assertSameAddresses(network: Network): void {
  const shown = show(network, 'ip', 'address show') as
    | { ifindex: number; addr_info: { local: string; prefixlen: number }[] }[]
    | undefined;
  if (!shown) return;
  const want = shown.flatMap(({ ifindex, addr_info }) =>
    addr_info.map(({ local, prefixlen }) => `${ifindex} ${local}/${prefixlen}`),
  );
  const found = network.addresses.list().map(({ linkIndex, address, prefixLength }) => {
    return `${linkIndex} ${formatAddress(address)}/${prefixLength}`;
  });
  assert.deepEqual(found.sort(), want.sort());
}

test('addresses of both families are added, listed and removed', { skip }, (context) => {
  const { left, leftIndex } = newPair(context);
  const ipv4 = { linkIndex: leftIndex, address: parseAddress('10.0.0.1'), prefixLength: 24 };
  const ipv6 = { linkIndex: leftIndex, address: parseAddress('fd00::1'), prefixLength: 64 };
  left.addresses.add(ipv4);
  left.addresses.add({ ...ipv6, isDetectionSkipped: true });
  assertSameAddresses(left);
  const found = left.addresses.list(leftIndex);
  const mine = found.find(({ address }) => formatAddress(address) === 'fd00::1');
  assert.equal(mine?.isTentative, false);
  assert.deepEqual(left.addresses.list(1), []);
  left.addresses.remove(ipv4);
  left.addresses.remove(ipv6);
  const rest = left.addresses.list().filter(({ scope }) => scope === 0);
  assert.deepEqual(rest, []);
});

test('an address that is there is refused by add, not by replace', { skip }, (context) => {
  const { left, leftIndex } = newPair(context);
  const address = { linkIndex: leftIndex, address: parseAddress('10.0.0.1'), prefixLength: 32 };
  left.addresses.add(address);
  left.addresses.replace(address);
  assert.throws(() => left.addresses.add(address), {
    message: /^add address 10\.0\.0\.1\/32 on link \d+: EEXIST/,
  });
  left.addresses.remove(address);
  assert.throws(() => left.addresses.remove(address), { errnoName: 'EADDRNOTAVAIL' });
});

test('an address without a route, and one that only this host knows', { skip }, (context) => {
  const { left, leftIndex } = newPair(context);
  const address = parseAddress('10.0.0.1');
  left.addresses.add({ linkIndex: leftIndex, address, prefixLength: 24, isRouteOmitted: true });
  assert.deepEqual(left.routes.list({ family: 4, table: 254 }), []);
  const host = parseAddress('10.0.1.1');
  left.addresses.add({ linkIndex: leftIndex, address: host, prefixLength: 32, scope: 'host' });
  assert.equal(left.addresses.list(leftIndex).filter(({ scope }) => scope === 254).length, 1);
  assertSameAddresses(left);
});
