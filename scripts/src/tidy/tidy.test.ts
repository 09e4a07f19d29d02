import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findingText } from './finding.ts';
import { tidy } from './tidy.ts';

const files = {
  'GLOSSARY.md': '| word | meaning | not |\n|---|---|---|\n| tuple | - | `flowKey` |\n',
  'tsconfig.json': '{ "references": [{ "path": "packages/wire" }] }',
  'packages/wire/tsconfig.json': '{ "references": [{ "path": "../ebpf" }] }',
  'packages/wire/package.json': '{ "dependencies": { "@skep/ebpf": "0.1.0" } }',
  'packages/wire/src/index.ts': "import '@skep/ebpf';\nexport const flowKey = 1;\n",
  'packages/wire/src/testdata/golden.ts': 'export const ep = 1;\n',
};

test('all checks run on every part, testdata is not ours to judge', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'skep-tidy-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  assert.deepEqual(tidy(root).map(findingText), [
    'packages/wire/src/index.ts:2: export-doc: found export flowKey without a doc comment, ' +
      'expected one sentence or more above it',
    "packages/wire/src/index.ts:2: glossary: found 'flowKey' in the name flowKey, " +
      "expected 'tuple' (GLOSSARY.md)",
  ]);
});
