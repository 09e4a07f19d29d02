import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Network, NetlinkError } from '@skep/netlink';
import { Errno } from '@skep/sys';
import { createDevice, deleteDevice, LINK_GROUP } from './endpoint-device.ts';

/** A host with one link, which is gone when somebody deletes it. */
function hostOf(errno: number): Network {
  const links = {
    find: () => ({ index: 7, group: LINK_GROUP }),
    delete: () => {
      throw new NetlinkError({ operation: 'delete link', subject: '7' }, errno, '');
    },
  };
  return { links } as unknown as Network;
}

test('a device that goes with its namespace, just before it is deleted, is gone', () => {
  assert.equal(deleteDevice(hostOf(Errno.ENODEV), { hostInterface: 'skep1' }), false);
});

test('a device that cannot be deleted is told', () => {
  const call = (): boolean => deleteDevice(hostOf(Errno.EPERM), { hostInterface: 'skep1' });
  assert.throws(call, { errno: Errno.EPERM });
});

test('a device for which no interface index is free is refused by name', () => {
  const links = {
    find: (link: unknown) => (typeof link === 'number' ? { index: link } : undefined),
  };
  const device = {
    ...{ id: 1, kind: 'veth' as const },
    ...{ hostInterface: 'skep1', interfaceName: 'eth0', mac: new Uint8Array(6) },
    ...{ gatewayMac: new Uint8Array(6), networkNamespace: '/proc/self/ns/net' },
  };
  const message = /no interface index below 65536 is free \(remove interfaces with indexes/;
  const call = (): number => createDevice({ links } as unknown as Network, device);
  assert.throws(call, { code: 'ERR_ENDPOINT_LIMIT', message });
});
