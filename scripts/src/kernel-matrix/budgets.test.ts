import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excesses, isRecorded, kernelOf, withSizes } from './budgets.ts';

const budgets = { one: { instructions: 100, verified: { '6.1': 1000, '6.12': 2000 } } };
const size = { name: 'one', instructions: 110, verified: 1100 };

const cases = [
  { name: 'a tenth more is within', kernel: '6.1', have: [size], want: [] },
  {
    name: 'more is not',
    kernel: '6.1',
    have: [{ name: 'one', instructions: 111, verified: 1101 }],
    want: [
      'one: 111 instructions, expected at most 110',
      'one: 1101 instructions verified on 6.1, expected at most 1100',
    ],
  },
  {
    name: 'a program without a budget, a budget without a program',
    kernel: '6.12',
    have: [{ ...size, name: 'two' }],
    want: [
      'one: has a budget, but there is no such program',
      'two: 110 instructions, but no budget is recorded',
      'two: 1100 instructions verified on 6.12, but no budget is recorded',
    ],
  },
  {
    name: 'a kernel of which nothing is recorded',
    kernel: '6.6',
    have: [size],
    want: ['one: 1100 instructions verified on 6.6, but no budget is recorded'],
  },
];

for (const { name, kernel, have, want } of cases) {
  test(name, () => assert.deepEqual(excesses(budgets, kernel, have), want));
}

test('one kernel is recorded beside the others', () => {
  assert.deepEqual(withSizes(budgets, '6.6', [size]), {
    one: { instructions: 110, verified: { '6.1': 1000, '6.6': 1100, '6.12': 2000 } },
  });
  assert.deepEqual(withSizes(budgets, '6.1', []), {});
  assert.deepEqual([isRecorded(budgets, '6.1'), isRecorded(budgets, '6.6')], [true, false]);
});

test('the kernel of a release', () => {
  assert.equal(kernelOf('6.12.117+deb12-amd64'), '6.12');
});

test('what this kernel cannot take keeps its budget, and is not missed', () => {
  const names = ['one', 'two'];
  const two = { instructions: 7, verified: { '6.12': 9 } };
  const both = { ...budgets, two };
  assert.deepEqual(withSizes(both, '6.1', [size], names).two, two);
  assert.deepEqual(excesses(both, '6.1', [size], names), []);
  assert.deepEqual(excesses(both, '6.1', [size], ['one']), [
    'two: has a budget, but there is no such program',
  ]);
});

test('of a program at a function the walk is compared where it is recorded', () => {
  const atFunction = { name: 'one', instructions: 111, isAtFunction: true } as const;
  const want = 'one: 111 instructions, expected at most 110';
  assert.deepEqual(excesses(budgets, '6.1', [atFunction]), [want]);
  const loaded = { ...atFunction, verified: 5000 };
  assert.deepEqual(excesses(budgets, '6.6', [loaded]), [want]);
  assert.deepEqual(excesses(budgets, '6.1', [loaded]), [
    want,
    'one: 5000 instructions verified on 6.1, expected at most 1100',
  ]);
  assert.deepEqual(withSizes(budgets, '6.1', [atFunction]).one!.verified, budgets.one.verified);
});
