import assert from 'node:assert/strict';
import { test } from 'node:test';
import { test as runTests } from './test-run.ts';

test('a pattern that no file has is a failure, not a success of nothing', async () => {
  assert.equal(await runTests(['no/such/file']), 1);
});

test('an unknown option is refused by name', async () => {
  await assert.rejects(runTests(['--updat']), /--updat/);
});
