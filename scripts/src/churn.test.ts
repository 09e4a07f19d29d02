import assert from 'node:assert/strict';
import { test } from 'node:test';
import { churnOptions } from './churn.ts';

test('a churn is as long as one says, and its seed is known', () => {
  assert.deepEqual(churnOptions(['--seed', '7', '--containers', '20', '--podman', '0']), {
    ...{ seed: 7, containers: 20, atOnce: 8, podmanShare: 0 },
  });
  assert.equal(Number.isInteger(churnOptions([]).seed), true);
  assert.throws(() => churnOptions(['--sed', '7']), /'--sed'/);
  assert.throws(() => churnOptions(['--podman', '2']), /Expected a number from 0 to 1/);
});
