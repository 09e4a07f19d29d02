import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { compileModule } from './compile.ts';

test('a file that has changed is read again', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'skep-project-'));
  const file = path.join(folder, 'module.ts');
  try {
    const found: string[][] = [];
    for (const text of ['export {};\n', 'export const a = ;\n', 'export {};\n']) {
      writeFileSync(file, text);
      const { diagnostics } = await compileModule(file, { folder });
      found.push(diagnostics.map(({ message }) => message));
    }
    assert.deepEqual(found, [[], ['Expression expected.'], []]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
