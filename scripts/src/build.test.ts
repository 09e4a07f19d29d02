import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeStale } from './build.ts';
import { filesUnder } from './project.ts';

test('output of deleted sources goes, all else stays', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'skep-build-'));
  t.after(() => rmSync(root, { recursive: true }));
  const part = join(root, 'packages/wire');
  for (const folder of ['src', 'dist/deep']) mkdirSync(join(part, folder), { recursive: true });
  writeFileSync(join(part, 'src/kept.ts'), '');
  const kept = ['.tsbuildinfo', 'kept.d.ts', 'kept.d.ts.map', 'kept.js', 'kept.js.map'];
  const gone = ['deep/gone.js', 'deep/gone.js.map', 'gone.d.ts', 'gone.test.js'];
  for (const file of [...kept, ...gone, 'programs.json']) {
    writeFileSync(join(part, 'dist', file), '');
  }
  const removed = removeStale(root, { path: 'packages/wire', name: 'wire', references: [] });
  assert.deepEqual(
    removed,
    gone.map((file) => `packages/wire/dist/${file}`),
  );
  assert.deepEqual(filesUnder(join(part, 'dist')), [...kept, 'programs.json']);
});

test('a part without output has nothing to remove', () => {
  assert.deepEqual(removeStale('/nowhere', { path: 'x', name: 'x', references: [] }), []);
});
