import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleave } from './rounds.ts';

test('each round measures all, begins with another, and the first does not count', async () => {
  const order: string[] = [];
  const variant = (name: string) => ({ name, measure: () => order.push(name) });
  const samples = await interleave([variant('a'), variant('b')], 2);
  assert.deepEqual(order, ['a', 'b', 'a', 'b', 'b', 'a']);
  assert.deepEqual(
    [...samples],
    [
      ['a', [3, 6]],
      ['b', [4, 5]],
    ],
  );
});
