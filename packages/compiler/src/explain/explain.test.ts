import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { explain } from './explain.ts';

const folder = fileURLToPath(new URL('../../testdata', import.meta.url));

test('source, IR and bytecode stand on one line', async () => {
  const { text, compiled } = await explain(`${folder}/first-program.ts`, { folder });
  assert.equal(compiled, true);
  assert.match(text, /^pass: \d+ instructions, 8 bytes of stack/);
  assert.match(text, /counter\.packets\+\+; +│ v\d+:64 = load 8 map .*│ \d+: r1 = \*\(u64 \*\)/);
});

test('a file with errors shows them', async () => {
  const { text, compiled } = await explain(`${folder}/refused-loops.ts`, { folder });
  assert.equal(compiled, false);
  assert.match(text, /refused-loops\.ts:7:17 - error SKEP4012/);
});
