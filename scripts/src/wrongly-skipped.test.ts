import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wronglySkipped } from './wrongly-skipped.ts';

const skips = new Map([
  ['needs root', ['a', 'b']],
  ['bpf is not permitted: needs root, or CAP_BPF and CAP_NET_ADMIN', ['c']],
  ['tcx needs Linux 6.6, this is 5.15', ['d']],
  ['clang is not installed', ['e']],
]);

test('without rights every skip is honest', () => {
  assert.deepEqual(wronglySkipped(skips, false), []);
});

test('with rights a test that needs them has no excuse; what is not there still is one', () => {
  assert.deepEqual(wronglySkipped(skips, true), ['a', 'b', 'c']);
});
