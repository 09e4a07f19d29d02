import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleOrder } from './module-order.ts';

const table = `kernel/fs/9p/9p.ko.xz: kernel/fs/netfs.ko.xz kernel/net/9pnet.ko.xz
kernel/fs/netfs.ko.xz:
kernel/net/9pnet.ko.xz: kernel/fs/netfs.ko.xz
kernel/net/9pnet_virtio.ko.xz: kernel/net/9pnet.ko.xz
`;

test('each module after those that it needs, once', () => {
  assert.deepEqual(moduleOrder(table, ['9pnet_virtio', '9p']), [
    'kernel/fs/netfs.ko.xz',
    'kernel/net/9pnet.ko.xz',
    'kernel/net/9pnet_virtio.ko.xz',
    'kernel/fs/9p/9p.ko.xz',
  ]);
});

test('what has no file is built in', () => {
  assert.deepEqual(moduleOrder(table, ['overlay']), []);
});
