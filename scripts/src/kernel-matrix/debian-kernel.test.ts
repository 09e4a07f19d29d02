import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPackage, NoKernelError, newestPackage } from './debian-kernel.ts';

const names = [
  'linux-image-6.1.0-9-amd64',
  'linux-image-6.1.0-56-amd64',
  'linux-image-6.1.0-57-cloud-amd64',
  'linux-image-6.1.0-57-rt-amd64',
  'linux-image-6.1.0-58-amd64-dbg',
  'linux-image-6.1.0-58-amd64-unsigned',
  'linux-image-6.1.0-59-arm64',
  'linux-image-6.12.9+deb12-amd64',
  'linux-image-6.12.117+deb12-amd64',
  'linux-image-6.12-amd64',
  'linux-image-amd64',
];

const cases = [
  { name: 'numbers are compared as numbers', have: '6.1', want: 'linux-image-6.1.0-56-amd64' },
  { name: 'no meta package', have: '6.12', want: 'linux-image-6.12.117+deb12-amd64' },
  { name: 'none', have: '6.6', want: undefined },
];

for (const { name, have, want } of cases) {
  test(`newest package of ${have}: ${name}`, () => assert.equal(newestPackage(names, have), want));
}

test('a machine whose programs the guest cannot run has no kernels', () => {
  assert.throws(() => findPackage('6.1', 'arm64'), NoKernelError);
});
