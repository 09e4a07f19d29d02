import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AgentClient } from '../api/client.ts';
import { Memory } from '../state/memory.ts';
import { sysdumpParts } from './parts.ts';

const directory = mkdtempSync(join(tmpdir(), 'skep-parts-'));
const client = new AgentClient(join(directory, 'nobody.sock'));
const places = { stateDirectory: directory, bpffsDirectory: join(directory, 'bpf') };
after(() => {
  client.close();
  rmSync(directory, { recursive: true, force: true });
});

test('files have names of their own, in a folder for each source', () => {
  const names = sysdumpParts({ client, places }).map(({ file }) => file);
  assert.equal(new Set(names).size, names.length);
  const expected = /^(agent|state|kernel|network|machine|log)\/[\w/-]+\.\w+$/;
  for (const name of names) assert.match(name, expected);
});

test('the state is read beside an agent that writes it, as it is now', async () => {
  const memory = new Memory(directory);
  try {
    memory.addPolicy({ file: 'a.yaml', text: 'a', keys: ['a'] });
    memory.addPolicy({ file: 'b.yaml', text: 'b', keys: ['b'] });
    memory.removePolicies(['a']);
    const parts = sysdumpParts({ client, places });
    const journal = parts.find(({ file }) => file === 'state/journal.json')!;
    assert.deepEqual(await journal.read(), {
      'policy/2': { file: 'b.yaml', text: 'b', keys: ['b'] },
    });
  } finally {
    memory.close();
  }
});

test('what is not there is told by the part that wanted it', async () => {
  const parts = new Map(sysdumpParts({ client, places }).map((part) => [part.file, part]));
  assert.throws(() => parts.get('kernel/pins.json')!.read(), /nothing is pinned in/);
  await assert.rejects(async () => parts.get('agent/status.json')!.read(), { code: 'ENOENT' });
});
