import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMac, parseAddress, parseMac } from '@skep/wire';
import type { Network } from './network.ts';
import {
  cannotMakeNamespaces,
  newNetwork,
  newPair,
  type Shown,
  show,
  unlessUnsupported,
} from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

function showLink(network: Network, name: string): Shown | undefined {
  return show(network, 'ip', `link show dev ${name}`)?.[0];
}

/** What `ip` and this package must agree on. */
function assertSameLinks(network: Network): void {
  const shown = show(network, 'ip', 'link show');
  if (!shown) return;
  const pick = ({ ifindex, ifname, mtu, address, operstate, group }: Shown): unknown[] => [
    ifindex,
    ifname,
    mtu,
    address,
    operstate,
    group,
  ];
  const found = network.links
    .list()
    .map((link) => [
      link.index,
      link.name,
      link.mtuBytes,
      link.mac && formatMac(link.mac),
      link.operationalState.replaceAll('-', '').toUpperCase(),
      link.group === 0 ? 'default' : String(link.group),
    ]);
  assert.deepEqual(found, shown.map(pick));
}

test('a new namespace has a loopback device that is down', { skip }, (context) => {
  const network = newNetwork(context);
  const [loopback, ...rest] = network.links.list();
  assert.equal(rest.length, 0);
  assert.equal(loopback?.name, 'lo');
  assert.equal(loopback?.isUp, false);
  network.links.set('lo', { isUp: true });
  assert.equal(network.links.get('lo').isUp, true);
  assert.equal(network.links.get(1).name, 'lo');
  assertSameLinks(network);
});

test('veth: both ends as they were described', { skip }, async (context) => {
  const left = newNetwork(context);
  const right = newNetwork(context);
  const link = left.links.createVeth({
    name: 'left',
    mac: parseMac('02:00:00:00:00:01'),
    mtuBytes: 1400,
    group: 7,
    isUp: true,
    peer: {
      name: 'right',
      mac: parseMac('02:00:00:00:00:02'),
      mtuBytes: 1300,
      group: 8,
      namespaceFd: right.namespace.number,
    },
  });
  assert.equal(link.kind, 'veth');
  assert.equal(link.hasCarrier, false);
  assert.notEqual(link.peerNamespaceId, undefined);
  const peer = right.links.get(link.peerIndex!);
  assert.deepEqual(
    [peer.name, formatMac(peer.mac!), peer.mtuBytes, peer.group, peer.isUp],
    ['right', '02:00:00:00:00:02', 1300, 8, false],
  );
  right.links.set('right', { isUp: true });
  await becomesUp(left, 'left');
  await becomesUp(right, 'right');
  assertSameLinks(left);
  assertSameLinks(right);
});

/** The kernel tells of a carrier later than it has one, up to a second. */
async function becomesUp(network: Network, name: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    if (network.links.get(name).operationalState === 'up') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${name} is ${network.links.get(name).operationalState}, expected up`);
}

test('every property can be changed, by name or by index', { skip }, (context) => {
  const { left, leftIndex } = newPair(context);
  left.links.set('left', { mtuBytes: 1280, mac: parseMac('02:00:00:00:00:0a'), group: 3 });
  left.links.set(leftIndex, { alias: 'owner=test' });
  left.links.set('left', { isUp: false });
  left.links.set('left', { name: 'other' });
  const link = left.links.get(leftIndex);
  assert.deepEqual(
    [link.name, link.mtuBytes, formatMac(link.mac!), link.group, link.alias, link.isUp],
    ['other', 1280, '02:00:00:00:00:0a', 3, 'owner=test', false],
  );
  assert.equal(left.links.find('left'), undefined);
  assertSameLinks(left);
  const shown = showLink(left, 'other');
  if (shown) assert.equal(shown.ifalias, 'owner=test');
  left.links.set('other', { alias: '' });
  assert.equal(left.links.get('other').alias ?? '', '');
});

test('a link moves to another namespace and keeps its name', { skip }, (context) => {
  const { left, right } = newPair(context);
  const third = newNetwork(context);
  right.links.set('right', { namespaceFd: third.namespace.number });
  assert.equal(right.links.find('right'), undefined);
  assert.equal(third.links.get('right').isUp, false);
  third.links.delete('right');
  assert.equal(left.links.find('left'), undefined, 'both ends of a pair are deleted');
});

test('refusals tell operation, name, error and the reason of the kernel', { skip }, (context) => {
  const { left } = newPair(context);
  const peer = { name: 'other' };
  assert.throws(() => left.links.createVeth({ name: 'left', peer }), {
    code: 'ERR_NETLINK',
    errnoName: 'EEXIST',
    message: /^create veth left: EEXIST: file already exists/,
  });
  assert.throws(() => left.links.set('absent', { isUp: true }), {
    message: /^set link absent: ENODEV: no such device/,
  });
  assert.throws(() => left.links.set('left', { mtuBytes: 1 }), {
    message: /^set link left: EINVAL: invalid argument \(mtu less than device minimum\)$/,
  });
  assert.throws(() => left.links.get('absent'), { errnoName: 'ENODEV' });
});

test('statistics count what was sent', { skip }, (context) => {
  const { left, right, leftIndex, rightIndex } = newPair(context);
  const address = parseAddress('fe80::5');
  // Duplicate detection and router solicitation send packets of their own.
  left.addresses.add({ linkIndex: leftIndex, address, prefixLength: 64 });
  const sent = left.links.get(leftIndex).statistics!;
  const received = right.links.get(rightIndex).statistics!;
  assert.ok(sent.sentPackets <= received.receivedPackets);
  assert.equal(typeof sent.sentBytes, 'bigint');
});

test('vxlan: as it was described', { skip }, (context) => {
  const network = newNetwork(context);
  const link = unlessUnsupported(context, 'needs Linux with CONFIG_VXLAN', () =>
    network.links.createVxlan({
      name: 'tunnel',
      networkId: 42,
      local: parseAddress('192.0.2.1'),
      remote: parseAddress('192.0.2.2'),
    }),
  );
  if (!link) return;
  assert.equal(link.kind, 'vxlan');
  const info = showLink(network, 'tunnel')?.linkinfo as { info_data: Shown } | undefined;
  if (!info) return;
  const { id, local, remote, port, learning } = info.info_data;
  assert.deepEqual([id, local, remote, port], [42, '192.0.2.1', '192.0.2.2', 4789]);
  assert.notEqual(learning, true);
});

test('dummy', { skip }, (context) => {
  const network = newNetwork(context);
  const link = unlessUnsupported(context, 'needs Linux with CONFIG_DUMMY', () =>
    network.links.createDummy({ name: 'place' }),
  );
  if (link) assert.equal(link.kind, 'dummy');
});

test('netkit: both ends as they were described', { skip }, (context) => {
  const network = newNetwork(context);
  const link = unlessUnsupported(context, 'needs Linux 6.7 with CONFIG_NETKIT', () =>
    network.links.createNetkit({
      name: 'left',
      mode: 'layer3',
      policy: 'forward',
      peerPolicy: 'drop',
      peer: { name: 'right' },
    }),
  );
  if (!link) return;
  assert.equal(link.kind, 'netkit');
  assert.equal(network.links.get('right').peerIndex, link.index);
});
