import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocs } from './docs.ts';
import { parseSource } from './source.ts';

const cases = [
  { name: 'explained', have: '/** One. */\nexport const a = 1;', want: [] },
  { name: 'not explained', have: 'export const a = 1;', want: ['export a without a doc comment'] },
  {
    name: 'a plain comment is not enough',
    have: '// one\nexport function f() {}',
    want: ['export f without a doc comment'],
  },
  { name: 'not exported', have: 'const a = 1;', want: [] },
  { name: 're-exported', have: "export * from './a.ts';\nexport { b } from './b.ts';", want: [] },
  {
    name: 'an overload shares the comment',
    have: '/** One. */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;',
    want: [],
  },
  {
    name: 'a value shares the comment of its type',
    have: '/** 8 bits. */\nexport type u8 = number;\nexport const u8 = 1;',
    want: [],
  },
];

for (const { name, have, want } of cases) {
  test(name, () => {
    assert.deepEqual(
      checkDocs(parseSource('a.ts', have)).map((finding) => finding.found),
      want,
    );
  });
}

test('a test explains itself', () => {
  assert.deepEqual(checkDocs(parseSource('a.test.ts', 'export const a = 1;')), []);
});
