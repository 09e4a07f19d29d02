import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from './check.ts';

test('the check finds nothing in the folder of the check', async () => {
  assert.equal(await check(['scripts/src/tidy']), 0);
});

test('a folder that is not there is a failure', async () => {
  assert.equal(await check(['no/such/folder']), 1);
});
