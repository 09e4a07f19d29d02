import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCpuList } from './cpus.ts';

test('the highest number counts, not how many there are', () => {
  assert.equal(parseCpuList('0\n'), 1);
  assert.equal(parseCpuList('0-3\n'), 4);
  assert.equal(parseCpuList('0-1,8-15,127\n'), 128);
});

test('anything but a list is refused', () => {
  assert.throws(() => parseCpuList(''), /expected ranges/);
  assert.throws(() => parseCpuList('0-'), /expected ranges/);
});
