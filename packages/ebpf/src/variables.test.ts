import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantTable, startsWith, text, u8, u16, u32, variables } from './index.ts';

test('variables begin with what was given, else with zero', () => {
  const fields = { open: u8, limit: u32 };
  const state = variables({ name: 'state', fields, initial: { limit: 258 } });
  assert.deepEqual([...state.contents], [0, 0, 0, 0, 2, 1, 0, 0]);
  assert.deepEqual([state.kind, state.maxEntries, state.isFrozen], ['array', 1, false]);
  assert.throws(() => state.limit, /variable limit of state: node reads it through its map/);
  assert.throws(() => variables({ name: 'x', fields: { kind: u8 } }), /'kind' of x: the name is/);
});

test('a constant table is an array to node and bytes to the kernel', () => {
  const table = constantTable('table', u16, [7, 300]);
  assert.deepEqual([table[0], table[1], table.length, table.isFrozen], [7, 300, 2, true]);
  assert.deepEqual([...table.contents], [7, 0, 44, 1]);
  assert.throws(() => constantTable('table', u8, [256]), /found 256/);
});

test('text is bytes of a fixed length', () => {
  assert.deepEqual([...text('lo', 4)], [108, 111, 0, 0]);
  assert.equal(startsWith(text('GET /index'), text('GET ')), true);
  assert.equal(startsWith(text('GE'), text('GET ')), false);
  assert.throws(() => text('a long name', 4), /text 'a long name': 11 bytes, expected at most 4/);
});
