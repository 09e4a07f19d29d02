import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Gate } from './gate.ts';

test('who wants to be alone is alone, and the others are together', async () => {
  const gate = new Gate();
  let inside = 0;
  let most = 0;
  const among = (): Promise<void> =>
    gate.among(async () => {
      most = Math.max(most, ++inside);
      await pause(2);
      inside--;
    });
  const alone = (): Promise<void> =>
    gate.byItself(async () => {
      assert.equal(inside++, 0);
      await pause(2);
      assert.equal(inside--, 1);
    });
  await Promise.all([among(), among(), alone(), among(), alone(), alone(), among(), among()]);
  assert.equal(most, 5);
  assert.equal(inside, 0);
});

test('who fails inside lets the next one in', async () => {
  const gate = new Gate();
  const fail = async (): Promise<void> => {
    throw new Error('no');
  };
  await assert.rejects(gate.among(fail));
  await assert.rejects(gate.byItself(fail));
  assert.equal(await gate.among(async () => 7), 7);
});
