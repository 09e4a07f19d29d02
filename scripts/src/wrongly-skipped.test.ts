import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wronglySkipped } from './wrongly-skipped.ts';

const skips = new Map([
  ['needs root', ['a', 'b']],
  ['bpf is not permitted: needs root, or CAP_BPF and CAP_NET_ADMIN', ['c']],
  ['tcx: needs Linux 6.6, this is another', ['d']],
  ['clang is not installed', ['e']],
  ['netkit: needs Linux 6.7 with CONFIG_NETKIT, this is another', ['g']],
  ['this kernel takes no programs at its functions, whoever asks', ['f']],
]);

const cases = [
  { name: 'without rights every skip is honest', hasRights: false, release: '6.18.4', want: [] },
  {
    name: 'with rights a test that needs them has no excuse; what is not there still is one',
    hasRights: true,
    release: '6.1.0-56-amd64',
    want: ['a', 'b', 'c'],
  },
  {
    name: 'a feature that the kernel should have had is no excuse',
    hasRights: true,
    release: '6.12.117+deb12-amd64',
    want: ['a', 'b', 'c', 'd'],
  },
  {
    name: 'the first kernel that has it has it',
    hasRights: true,
    release: '6.6.0',
    want: ['a', 'b', 'c', 'd'],
  },
];

for (const { name, hasRights, release, want } of cases) {
  test(name, () => assert.deepEqual(wronglySkipped(skips, hasRights, release), want));
}
