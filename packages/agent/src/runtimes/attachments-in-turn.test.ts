import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttachmentsInTurn } from './attachments-in-turn.ts';

const ANNA = { containerId: 'anna', interfaceName: 'eth0' };

test('one after the other for an interface, beside each other for two', async () => {
  const turns = new AttachmentsInTurn();
  const done: string[] = [];
  let open!: () => void;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = turns.run(ANNA, async () => {
    await gate;
    done.push('add anna');
    throw new Error('refused');
  });
  const second = turns.run(ANNA, async () => done.push('remove anna'));
  await turns.run({ ...ANNA, interfaceName: 'net1' }, async () => done.push('add other'));
  open();
  await assert.rejects(first, /refused/);
  await second;
  assert.deepEqual(done, ['add other', 'add anna', 'remove anna']);
});
