import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runNode } from './child.ts';

const cases = [
  { name: 'an exit status', code: 'process.exit(3)', want: 3 },
  { name: 'parameters', code: 'process.exit(Number(process.argv[2]))', want: 7 },
  { name: 'a signal', code: "process.kill(process.pid, 'SIGTERM')", want: 128 + 15 },
];

for (const { name, code, want } of cases) {
  test(`${name} comes through`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'skep-child-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'child.mjs');
    writeFileSync(file, code);
    assert.equal(await runNode(file, ['7']), want);
  });
}
