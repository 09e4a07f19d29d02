import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMounts } from './mount.ts';

test('the optional fields vary, spaces are written in octal', () => {
  const text = [
    '22 1 0:20 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw',
    '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    '42 31 0:39 /sub /a\\040b rw shared:9 - tmpfs none rw',
    '',
  ].join('\n');
  assert.deepEqual(parseMounts(text), [
    { root: '/', path: '/', fileSystem: 'ext4' },
    { root: '/', path: '/sys/fs/cgroup/unified', fileSystem: 'cgroup2' },
    { root: '/sub', path: '/a b', fileSystem: 'tmpfs' },
  ]);
});

test('a line that is not one of mountinfo is refused', () => {
  assert.throws(() => parseMounts('22 1 0:20 / /'), /expected fields, ' - ', fields/);
});
