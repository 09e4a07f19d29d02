import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairedRow, plainRow, type Row, tableText } from './row.ts';

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

test('bars are a column where there are some', () => {
  const rows: Row[] = [
    {
      ...plainRow({ name: 'parse', unit: 'instructions' }, 12, { name: 'clang', value: 10 }),
      bar: { of: 'ratio', most: 1.05, result: 'over' },
    },
    {
      ...plainRow({ name: 'requests', unit: 'per second' }, 12, { name: 'bridge', value: 10 }),
      bar: { of: 'ratio', least: 1, result: 'within' },
    },
    {
      ...plainRow({ name: 'swap', unit: 'ms' }, 3),
      bar: { of: 'ours', most: 10, result: 'within' },
    },
    plainRow({ name: 'load', unit: 'ms' }, 3),
  ];
  assert.deepEqual(
    tableText(rows)
      .split('\n')
      .map((line) => line.split(/ {2,}/).at(-1)),
    ['bar', 'over (<= 1.05x)', 'within (>= 1x)', 'within (<= 10 ms)', '-'],
  );
});
