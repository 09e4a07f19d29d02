import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { makeBatches } from './test-batches.ts';

test('every file is imported once, with those of its part; the batches can be taken away', (t) => {
  const made = makeBatches(['/p/a/1.js', '/p/b/2 3.js', '/p/a/4.js'], (file) => file.slice(1, 4));
  t.after(() => made.remove());
  const found = made.files.map((file) => [basename(file), readFileSync(file, 'utf8')]);
  assert.deepEqual(found, [
    ['p-a.mjs', 'import "file:///p/a/1.js";\nimport "file:///p/a/4.js";\n'],
    ['p-b.mjs', 'import "file:///p/b/2%203.js";\n'],
  ]);
  made.remove();
  assert.deepEqual(made.files.filter(existsSync), []);
});
