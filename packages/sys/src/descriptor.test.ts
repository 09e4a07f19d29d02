import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClosedDescriptorError, Fd } from './descriptor.ts';
import { openPath } from './path.ts';

const cannotCall = process.platform === 'linux' ? false : 'needs linux';

test('a descriptor is closed once', { skip: cannotCall }, () => {
  const file = openPath('file', '/proc/self/stat');
  const copy = file.duplicate();
  assert.notEqual(copy.number, file.number);
  file.close();
  assert.equal(file.isClosed, true);
  assert.throws(() => file.close(), { message: 'use file descriptor: it is closed' });
  assert.throws(() => file.number, ClosedDescriptorError);
  copy.close();
});

test('a released number is somebody else’s to close', { skip: cannotCall }, () => {
  const file = openPath('file', '/proc/self/stat');
  const number = file.release();
  assert.throws(() => file.close(), ClosedDescriptorError);
  new Fd('file', number).close();
});

test('a number that is no descriptor is refused', () => {
  assert.throws(() => new Fd('map', -1), /map descriptor -1/);
  assert.throws(() => new Fd('map', 2 ** 40), RangeError);
});

test('a path that is not there is named', { skip: cannotCall }, () => {
  assert.throws(() => openPath('cgroup', '/no/such'), {
    message: 'open cgroup /no/such: ENOENT: no such file or directory',
  });
  assert.throws(() => openPath('file', '/proc\0/self'), /expected no zero byte/);
});
