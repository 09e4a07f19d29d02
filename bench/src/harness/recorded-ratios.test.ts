import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RecordedRatios, withRatios, worsened } from './recorded-ratios.ts';
import { plainRow, type Row } from './row.ts';

const most = 1.05;
const kernel = { kernel: '6.18', takesProgramsAtFunctions: true };
const countedWith = { clang: '14', arch: 'x64', ...kernel };
const recorded: RecordedRatios = {
  countedWith,
  programs: {
    small: { ratios: { instructions: 1, 'bytes of machine code': 1 } },
    large: { ratios: { instructions: 1.4 }, reason: 'a constant stands in a register' },
  },
};

function counted(name: string, ours: number, unit = 'instructions'): Row {
  return plainRow({ name, unit }, ours, { name: 'clang -O2', value: 100 });
}

function codeOf(name: string, ours: number): Row {
  return counted(name, ours, 'bytes of machine code');
}

const large = counted('large', 140);

const cases = [
  { name: 'as recorded', have: [counted('small', 100), large], want: [] },
  { name: 'better', have: [counted('small', 90), counted('large', 130)], want: [] },
  {
    name: 'worse, though within the bar',
    have: [counted('small', 101), large],
    want: ['small: 1.01 times clang, by instructions, recorded 1'],
  },
  {
    name: 'machine code may differ by what stands before every program',
    have: [codeOf('small', 101), large],
    want: [],
  },
  {
    name: 'machine code is worse',
    have: [codeOf('small', 102), large],
    want: ['small: 1.02 times clang, by bytes of machine code, recorded 1'],
  },
  {
    name: 'something else is counted',
    have: [counted('small', 100), counted('small', 100, 'calls'), large],
    want: ['small: 1 times clang, by calls, recorded is none'],
  },
  {
    name: 'another program',
    have: [counted('small', 100), counted('new', 100)],
    want: [
      'large: has recorded ratios, but there is no such program',
      'new: no ratios are recorded',
    ],
  },
];

for (const { name, have, want } of cases) {
  test(`ratios: ${name}`, () => assert.deepEqual(worsened(recorded, have, most), want));
}

test('what is recorded again keeps its reasons, where they are still needed', () => {
  const rows = [counted('small', 110), counted('large', 120)];
  const again = withRatios(recorded, countedWith, rows, most);
  assert.deepEqual(again.programs, {
    small: { ratios: { instructions: 1.1 }, reason: '' },
    large: { ratios: { instructions: 1.2 }, reason: 'a constant stands in a register' },
  });
  assert.deepEqual(worsened(again, rows, most), ['small: above 1.05, and no reason is recorded']);
  const better = withRatios(again, countedWith, [counted('large', 100)], most);
  assert.deepEqual(better.programs, { large: { ratios: { instructions: 1 } } });
});
