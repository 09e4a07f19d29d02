import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeRecord, JOURNAL_HEADER } from './journal-text.ts';
import { Memory } from './memory.ts';
import type { StoredEndpoint } from './schema.ts';

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'skep-memory-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const ANNA: StoredEndpoint = {
  id: 7,
  state: 'creating',
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  networkNamespace: '/run/netns/anna',
};

test('what is remembered is there for the next one', (t) => {
  const directory = newDirectory(t);
  const memory = new Memory(directory);
  memory.beginEndpoint(ANNA);
  assert.equal(memory.current.lastEndpointId, 7);
  const ready = { ...ANNA, state: 'ready' as const, identity: 256, subject: 1 };
  memory.putEndpoints([ready], { lastIdentity: 256 }, false);
  memory.beginEndpoint({ ...ANNA, id: 8 });
  memory.forgetEndpoint(8, { at: 5, addresses: ['10.0.0.8'], cooled: ['10.0.0.7'] });
  memory.close();
  const next = new Memory(directory);
  assert.deepEqual([...next.endpoints.values()], [ready]);
  assert.deepEqual([...next.released], [['10.0.0.8', 5]]);
  assert.deepEqual(next.current, { ...memory.current, lastEndpointId: 8, lastIdentity: 256 });
  next.forget();
  assert.equal(new Memory(directory).endpoints.size, 0);
});

test('a change that waits is remembered with it, and goes back in one record', (t) => {
  const directory = newDirectory(t);
  const memory = new Memory(directory);
  memory.addPolicy({ file: 'one', text: '1', keys: ['a', 'b'] });
  const before = memory.policiesOf(['b', 'c']);
  assert.deepEqual(before, [{ file: 'one', text: '1', keys: ['b'] }]);
  const pending = { deadline: 5000, withinSeconds: 5, keys: ['b', 'c'], before };
  memory.addPolicy({ file: 'two', text: '2', keys: ['b', 'c'] }, pending);
  memory.close();
  const next = new Memory(directory);
  assert.deepEqual(next.pending, pending);
  next.revertPending();
  next.close();
  const last = new Memory(directory);
  assert.equal(last.pending, undefined);
  assert.deepEqual(last.policies, [
    { file: 'one', text: '1', keys: ['a'] },
    { file: 'one', text: '1', keys: ['b'] },
  ]);
  last.addPolicy({ file: 'two', text: '2', keys: ['b'] }, { ...pending, before: [] });
  last.confirmPending();
  assert.equal(last.pending, undefined);
  last.close();
});

test('a document is in force by the text that was applied last', (t) => {
  const directory = newDirectory(t);
  const memory = new Memory(directory);
  memory.addPolicy({ file: 'one', text: '1', keys: ['a', 'b'] });
  memory.addPolicy({ file: 'two', text: '2', keys: ['b', 'c'] });
  memory.addPolicy({ file: 'three', text: '3', keys: ['d'] });
  memory.removePolicies(['c', 'd', 'unknown']);
  memory.close();
  const next = new Memory(directory);
  assert.deepEqual(next.policies, [
    { file: 'one', text: '1', keys: ['a'] },
    { file: 'two', text: '2', keys: ['b'] },
  ]);
  next.addPolicy({ file: 'four', text: '4', keys: ['a', 'b'] });
  assert.deepEqual(next.policies, [{ file: 'four', text: '4', keys: ['a', 'b'] }]);
  next.close();
});

const REFUSED: readonly { name: string; have: Parameters<typeof encodeRecord>[0]; want: RegExp }[] =
  [
    {
      name: 'a key of another build',
      have: [['service/1', {}]],
      want: /key 'service\/1', expected node, endpoint\/…, policy\/…, pending or released\/…/,
    },
    {
      name: 'a value of another build',
      have: [['endpoint/7', { ...ANNA, colour: 'red' }]],
      want: /endpoint\/7: Unrecognized key: "colour"/,
    },
    {
      name: 'a container of no network, which no build has written',
      have: [['endpoint/7', { ...ANNA, attachment: { containerId: 'c1' } }]],
      want: /endpoint\/7\.attachment\.network: /,
    },
  ];

for (const { name, have, want } of REFUSED) {
  test(`${name} is refused by name`, (t) => {
    const directory = newDirectory(t);
    const bytes = Buffer.concat([JOURNAL_HEADER, encodeRecord(have)]);
    writeFileSync(join(directory, 'state.journal'), bytes);
    assert.throws(() => new Memory(directory), { code: 'ERR_STATE', message: want });
  });
}

test('the file of an older build is refused, not ignored', (t) => {
  const directory = newDirectory(t);
  writeFileSync(join(directory, 'state.json'), '{"version":1}');
  const message = /state\.json: version 1, expected 2 in state\.journal: written by an older build/;
  assert.throws(() => new Memory(directory), { code: 'ERR_STATE', message });
});
