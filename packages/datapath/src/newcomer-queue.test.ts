/** The key of the hash of newcomers: there from the start, and never another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineTables } from './machine-tables.ts';
import { hashKey } from './maps.ts';
import { ensureHashKey } from './newcomer-queue.ts';
import { NODE } from './trial/world.ts';

const ROW = new Uint8Array(4);

test('the hash key is made once, and is another one for other tables', () => {
  const tables = new MachineTables(NODE);
  const others = new MachineTables(NODE);
  for (const each of [tables, others]) ensureHashKey(each);
  const key = tables.lookup(hashKey, ROW)!;
  ensureHashKey(tables);
  assert.deepEqual(tables.lookup(hashKey, ROW), key);
  assert.notDeepEqual(others.lookup(hashKey, ROW), key);
});
