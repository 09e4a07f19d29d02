import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeBatches } from './test-batches.ts';

test('every file is imported once, and the batches can be taken away', (t) => {
  const made = makeBatches(['/a.js', '/b c.js', '/d.js'], 2);
  t.after(() => made.remove());
  const texts = made.files.map((file) => readFileSync(file, 'utf8'));
  assert.deepEqual(texts, [
    'import "file:///a.js";\nimport "file:///d.js";\n',
    'import "file:///b%20c.js";\n',
  ]);
  made.remove();
  assert.deepEqual(made.files.filter(existsSync), []);
});

test('no more batches than files', (t) => {
  const made = makeBatches(['/a.js'], 2);
  t.after(() => made.remove());
  assert.equal(made.files.length, 1);
});
