import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitForGracePeriod } from './barrier.ts';

test('a grace period ends', () => {
  const start = performance.now();
  waitForGracePeriod();
  assert.ok(performance.now() - start < 10_000);
});
