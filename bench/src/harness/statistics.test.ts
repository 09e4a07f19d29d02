import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, pairedRatio, percentile } from './statistics.ts';

test('the median of odd and even counts', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test('percentiles lie between samples', () => {
  const samples = Array.from({ length: 101 }, (_, index) => index);
  assert.equal(percentile(samples, 0.99), 99);
  assert.equal(percentile([10, 20], 0.25), 12.5);
  assert.equal(percentile([7], 0.99), 7);
});

test('a slow round does not move the paired ratio', () => {
  assert.equal(pairedRatio([10, 500, 10], [5, 250, 5]), 2);
});

test('nothing has no median', () => {
  assert.throws(() => median([]), /no samples/);
  assert.throws(() => pairedRatio([1], []), /found 1 and 0/);
});
