import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkLinks } from './links.ts';

const page = `
[here](a.md), [up](../README.md#part), [a folder](.)
[out](https://example.org/x), [gone](b.md) and [gone too](../docs/c.md#d)
`;

test('links to files, folders and the world pass, others are told', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'skep-links-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'docs'));
  writeFileSync(join(root, 'README.md'), '');
  writeFileSync(join(root, 'docs/a.md'), page);
  const found = checkLinks(root, ['docs/a.md']).map((one) => `${one.line} ${one.found}`);
  assert.deepEqual(found, ['3 b.md', '3 ../docs/c.md']);
});
