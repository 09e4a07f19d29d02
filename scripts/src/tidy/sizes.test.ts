import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingText } from './finding.ts';
import { checkSizes } from './sizes.ts';
import { parseSource } from './source.ts';

const lines = (count: number): string => 'a();\n'.repeat(count);
const names = (count: number): string => Array.from({ length: count }, (_, i) => `a${i}`).join(',');

const cases = [
  { name: '100 columns', have: 'x'.repeat(100), want: [] },
  {
    name: '101 columns',
    have: `\n${'x'.repeat(101)}`,
    want: ['a.ts:2: line-length: found 101 columns, expected at most 100'],
  },
  { name: 'a long link', have: `// see https://example.org/${'x'.repeat(100)}`, want: [] },
  { name: 'a function of 70 lines', have: `function f() {\n${lines(68)}}`, want: [] },
  {
    name: 'a function of 71 lines',
    have: `function f() {\n${lines(69)}}`,
    want: [
      'a.ts:1: function-length: found 71 lines, ' +
        "expected at most 70 (or a line '// tidy: long: REASON')",
    ],
  },
  {
    name: 'a long function with a reason',
    have: `// tidy: long: one case for each opcode\nfunction f() {\n${lines(80)}}`,
    want: [],
  },
  { name: 'a chapter of tests', have: `describe('x', () => {\n${lines(80)}});`, want: [] },
  {
    name: 'a file of 401 lines',
    have: lines(400),
    want: ['a.ts: warning: file-length: found 401 lines, expected at most 400'],
  },
  {
    name: 'a file of 801 lines',
    have: lines(800),
    want: ['a.ts: file-length: found 801 lines, expected at most 800'],
  },
  { name: 'a table', have: `// tidy: table: opcodes\n${lines(800)}`, want: [] },
  { name: '15 names', have: `import {\n${names(15)}} from 'x';`, want: [] },
  {
    name: '16 names',
    have: `import {\n${names(16)}} from 'x';`,
    want: ['a.ts:1: import-width: found 16 names from x, expected at most 15'],
  },
];

for (const { name, have, want } of cases) {
  test(name, () => {
    assert.deepEqual(checkSizes(parseSource('a.ts', have)).map(findingText), want);
  });
}
