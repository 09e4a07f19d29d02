import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Memory } from '../state/memory.ts';
import { readLeftState } from './left-state.ts';

test('what a journal holds can be read while its agent has it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-left-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const memory = new Memory(directory);
  t.after(() => memory.close());
  assert.deepEqual(readLeftState(directory), { endpoints: 0, policies: 0, released: 0 });
  const endpoint = { name: 'anna', namespace: 'test', labels: {}, networkNamespace: '/x' };
  memory.beginEndpoint({ ...endpoint, id: 1, state: 'creating' });
  assert.deepEqual(readLeftState(directory), { endpoints: 1, policies: 0, released: 0 });
  memory.forgetEndpoint(1, { at: 1, addresses: ['10.0.0.1'], cooled: [] });
  assert.deepEqual(readLeftState(directory), { endpoints: 0, policies: 0, released: 1 });
});
