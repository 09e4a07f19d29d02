import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bar, judge, overText } from './bar.ts';
import { plainRow, type Row } from './row.ts';

const bars: readonly Bar[] = [
  { case: 'datapath', rows: /^denied/, limit: { of: 'ratio', most: 1.9 } },
  { case: 'datapath', rows: /^size/, limit: { of: 'ratio', most: 1.05 } },
  { case: 'changes', unit: /^ms$/, rows: /p50$/, limit: { of: 'ours', most: 10 } },
  { case: 'containers', against: /^bridge$/, limit: { of: 'ratio', least: 1 } },
];

function row(name: string, unit: string, ours: number, other?: readonly [string, number]): Row {
  return plainRow({ name, unit }, ours, other && { name: other[0], value: other[1] });
}

const cases = [
  { name: 'at the bar', of: 'datapath', have: row('denied', 'ns', 19, ['C', 10]), want: 'within' },
  { name: 'beyond it', of: 'datapath', have: row('denied', 'ns', 20, ['C', 10]), want: 'over' },
  { name: 'another row', of: 'datapath', have: row('first', 'ns', 20, ['C', 10]), want: undefined },
  { name: 'another case', of: 'path', have: row('denied', 'ns', 20, ['C', 10]), want: undefined },
  { name: 'a figure of ours', of: 'changes', have: row('swap, p50', 'ms', 10.1), want: 'over' },
  { name: 'another unit', of: 'changes', have: row('swap, p50', 's', 10.1), want: undefined },
  {
    name: 'at least',
    of: 'containers',
    have: row('throughput', 'Gbit/s', 9, ['bridge', 10]),
    want: 'over',
  },
  {
    name: 'against something else',
    of: 'containers',
    have: row('throughput', 'Gbit/s', 9, ['bridge, iptables', 10]),
    want: undefined,
  },
  { name: 'nothing to compare with', of: 'datapath', have: row('denied', 'ns', 1), want: 'over' },
  {
    name: 'no number',
    of: 'changes',
    have: row('swap, p50', 'ms', Number.NaN),
    want: 'over',
  },
];

for (const { name, of, have, want } of cases) {
  test(`bar: ${name}`, () => assert.equal(judge(bars, of, [have])[0]!.bar?.result, want));
}

test('where times say nothing, only what is counted is judged', () => {
  const rows = [
    row('denied', 'ns/packet', 20, ['C', 10]),
    row('size', 'instructions', 2, ['C', 1]),
  ];
  const judged = judge(bars, 'datapath', rows, false).map(({ bar }) => bar);
  assert.deepEqual(judged, [undefined, { of: 'ratio', most: 1.05, result: 'over' }]);
});

test('what is beyond its bar is said in a sentence', () => {
  const rows = [row('denied', 'ns', 20, ['C', 10])];
  const ours = [row('swap, p50', 'ms', 10.14)];
  const least = [row('requests', 'per second', 9, ['bridge', 10])];
  const texts = [
    overText('datapath', judge(bars, 'datapath', rows)[0]!),
    overText('changes', judge(bars, 'changes', ours)[0]!),
    overText('containers', judge(bars, 'containers', least)[0]!),
  ];
  assert.deepEqual(texts, [
    'datapath: denied: 2 times C, by ns, expected at most 1.9',
    'changes: swap, p50: 10.1 ms, expected at most 10',
    'containers: requests: 0.900 times bridge, by per second, expected at least 1',
  ]);
});
