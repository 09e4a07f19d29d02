import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Network, NetlinkError } from '@skep/netlink';
import { Errno } from '@skep/sys';
import { deleteDevice, LINK_GROUP } from './endpoint-device.ts';

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
