import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AgentClient } from '../api/client.ts';
import { Memory } from '../state/memory.ts';
import { sysdumpParts } from './parts.ts';
import { redact } from './redact.ts';

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

test('a policy is read, and what cannot be read is left out', async () => {
  const memory = new Memory(directory);
  const secrets = [
    'spec:\n  ? password\n  : zqone\n  port: 80\n',
    'spec: &zqname\n  "pass\\\n    word": zqtwo\n  other: *zqname\n',
    'a:\n  note: >-\n    password=zqthree\n    zqfour\n',
    '{ ? client-secret\n : zqfive, port: 80 }\n',
    '# zqsix\nargs: [--token,\n zqseven]\n',
    'a: {\n  password: "zqeight\n\nb: 1\n',
    'a: 1\na: zqnine\n',
    'data: !!binary enE=\npassword: |+2\n   zqten\n',
    '---\na: 1\n---\n- ? - password\n  : zqeleven\n',
    'a:\n  last-applied: |\n    {"spec":{"password":"zqtwelve","port":80}}\n',
  ];
  try {
    const policies = secrets.map((text) => ({ file: 'a.yaml', text, keys: ['k'] }));
    const pending = { deadline: 5000, withinSeconds: 5, keys: ['k'], before: policies };
    for (const policy of policies) memory.addPolicy({ ...policy, keys: [policy.text] }, pending);
    const parts = sysdumpParts({ client, places });
    const journal = await parts.find(({ file }) => file === 'state/journal.json')!.read();
    const shown = Object.entries(journal as Record<string, { text: unknown; keys: unknown }>).map(
      ([key, value]) => [key, { ...value, keys: [] }],
    );
    const text = JSON.stringify(redact(Object.fromEntries(shown)));
    assert.doesNotMatch(text, /zq/);
    assert.match(text, /"text":{"spec":{"password":"\(left out\)","port":80}}/);
    assert.match(text, /"text":"\(left out\): no YAML that can be read at line 2"/);
    assert.match(text, /"before":\[{"file":"a.yaml","text":{"spec"/);
  } finally {
    memory.removePolicies(secrets);
    memory.close();
  }
});

test('what is not there is told by the part that wanted it', async () => {
  const parts = new Map(sysdumpParts({ client, places }).map((part) => [part.file, part]));
  assert.throws(() => parts.get('kernel/pins.json')!.read(), /nothing is pinned in/);
  await assert.rejects(async () => parts.get('agent/status.json')!.read(), { code: 'ENOENT' });
});
