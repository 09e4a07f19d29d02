import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, after, test } from 'node:test';
import { partName, testFiles, testName } from './test-files.ts';

const files = {
  'tsconfig.json': '{ "references": [{ "path": "packages/wire" }, { "path": "scripts" }] }',
  'packages/wire/tsconfig.json': '{}',
  'packages/wire/dist/arp.js': '',
  'packages/wire/dist/arp.test.js': '',
  'packages/wire/dist/deep/tcp.test.js': '',
  'scripts/tsconfig.json': '{}',
};
let root = '';

before(() => {
  root = mkdtempSync(join(tmpdir(), 'skep-tests-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
});

after(() => rmSync(root, { recursive: true }));

const cases = [
  { name: 'all', patterns: [], want: ['packages/wire/arp', 'packages/wire/deep/tcp'] },
  { name: 'one', patterns: ['wire/arp'], want: ['packages/wire/arp'] },
  {
    name: 'either',
    patterns: ['tcp', 'arp'],
    want: ['packages/wire/arp', 'packages/wire/deep/tcp'],
  },
  { name: 'none', patterns: ['dist'], want: [] },
];

for (const { name, patterns, want } of cases) {
  test(name, () => {
    assert.deepEqual(
      testFiles(root, patterns).map((file) => testName(root, file)),
      want,
    );
  });
}

test('a source has the name of its output', () => {
  assert.equal(testName('/p', '/p/scripts/src/a/b.test.ts'), 'scripts/a/b');
});

test('an output is of its part', () => {
  assert.equal(partName('/p', '/p/packages/wire/dist/deep/tcp.test.js'), 'packages/wire');
  assert.equal(partName('/p', '/p/scripts/dist/a.test.js'), 'scripts');
});
