import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairedRow, plainRow, tableText } from './row.ts';

test('pairs give medians and the median of the ratios', () => {
  const about = { name: 'parse', unit: 'ns/packet', referenceName: 'clang' };
  assert.deepEqual(pairedRow(about, [10, 20, 30], [10, 10, 10]), {
    ...about,
    ours: 20,
    reference: 10,
    ratio: 2,
    samples: 3,
  });
});

test('a table is aligned, numbers to the right', () => {
  const rows = [
    plainRow({ name: 'resident memory', unit: 'MiB' }, 61.234),
    plainRow({ name: 'parse', unit: 'instructions' }, 12, { name: 'clang', value: 10 }),
  ];
  assert.deepEqual(tableText(rows).split('\n'), [
    'case             ours  reference  ratio  samples  unit          compared with',
    'resident memory  61.2          -      -        1  MiB           -',
    'parse              12         10   1.20        1  instructions  clang',
  ]);
});
