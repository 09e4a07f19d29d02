import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AssignedAddress, Link } from '@skep/netlink';
import { parseAddress } from '@skep/wire';
import { LINK_GROUP } from '../devices/endpoint-device.ts';
import { chooseGuarded } from './choose-guarded.ts';

const LOOPBACK = 0x8;

/** Only what is looked at. */
function link(index: number, name: string, more: Partial<Link> = {}): Link {
  const mac = Uint8Array.of(2, 0, 0, 0, 0, index);
  return { index, name, mac, group: 0, flags: 0, isUp: true, ...more } as Link;
}

function addressOf(linkIndex: number, text: string): AssignedAddress {
  return { linkIndex, address: parseAddress(text) } as AssignedAddress;
}

test('every link that others may come in by, whatever its routes say', () => {
  const links = [
    link(1, 'lo', { flags: LOOPBACK }),
    link(2, 'eth0'),
    link(3, 'eth1', { isUp: false }),
    link(4, 'bond0'),
    link(5, 'eth2', { masterIndex: 4 }),
    link(6, 'skep7', { group: LINK_GROUP }),
    link(7, 'docker0'),
  ];
  const found = chooseGuarded({ links, addresses: [], routes: [] });
  const names = found.links.map(({ name }) => name);
  assert.deepEqual(names, ['eth0', 'eth1', 'bond0', 'docker0']);
  assert.deepEqual(found.problems, []);
});

test('a link without an Ethernet header is told of, while it has an address', () => {
  const tunnel = link(8, 'tun0', { mac: undefined });
  const other = link(9, 'sit0', { mac: undefined, isUp: false });
  const addresses = [addressOf(8, '192.0.2.1'), addressOf(9, '192.0.2.2')];
  const state = { links: [tunnel, other], addresses, routes: [] };
  const { links, problems } = chooseGuarded(state);
  assert.deepEqual(links, []);
  assert.match(
    problems.join('\n'),
    /^policies of this node are not enforced at tun0, 192\.0\.2\.1 /,
  );
  assert.deepEqual(chooseGuarded({ ...state, addresses: [] }).problems, []);
});
