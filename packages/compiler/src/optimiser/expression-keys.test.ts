import assert from 'node:assert/strict';
import test from 'node:test';
import { IrFunction, type Operation, type Value, type Width } from '../ir/ir.ts';
import { ExpressionKeys } from './expression-keys.ts';

const made = new IrFunction('f', null);
const [x, y] = [value({ op: 'context' }, []), value({ op: 'parameter', index: 1 }, [])];
const [one, otherOne, two] = [made.makeConstant(1, 64), made.makeConstant(1, 64), constant(2n)];

function value(operation: Operation, operands: Value[], width: Width = 64): Value {
  return made.makeValue(operation, operands, width);
}

function constant(bits: bigint): Value {
  return made.makeConstant(bits, 64);
}

const cases: [name: string, left: Value, right: Value, isSame: boolean][] = [
  [
    'one addition, sides exchanged',
    value({ op: 'add' }, [x, y]),
    value({ op: 'add' }, [y, x]),
    true,
  ],
  ['a difference, exchanged', value({ op: 'sub' }, [x, y]), value({ op: 'sub' }, [y, x]), false],
  [
    'two constants of one number',
    value({ op: 'shl' }, [x, one]),
    value({ op: 'shl' }, [x, otherOne]),
    true,
  ],
  ['two numbers', value({ op: 'shl' }, [x, one]), value({ op: 'shl' }, [x, two]), false],
  ['two widths', value({ op: 'neg' }, [x]), value({ op: 'neg' }, [x], 32), false],
  [
    'swaps of two sizes',
    value({ op: 'byteSwap', bits: 16 }, [x]),
    value({ op: 'byteSwap', bits: 32 }, [x]),
    false,
  ],
  ['two operations', value({ op: 'and' }, [x, y]), value({ op: 'or' }, [x, y]), false],
];

for (const [name, left, right, isSame] of cases) {
  test(`${name}: ${isSame ? 'one key' : 'two keys'}`, () => {
    const keys = new ExpressionKeys(made.valueLimit);
    assert.equal(keys.ofOperation(left) === keys.ofOperation(right), isSame);
  });
}

test('loads of the context at two offsets, also below zero, have two keys', () => {
  const keys = new ExpressionKeys(made.valueLimit);
  const at = (offset: number): number =>
    keys.ofContextLoad(x, { space: 'context', size: 4, offset });
  assert.equal(new Set([at(-4), at(0), at(4), at(4)]).size, 3);
});

test('a comparison is not its opposite, and is not the same of sides exchanged', () => {
  const keys = new ExpressionKeys(made.valueLimit);
  const found = [
    keys.ofComparison('lt', x, y),
    keys.ofComparison('ge', x, y),
    keys.ofComparison('lt', y, x),
  ];
  assert.equal(new Set(found).size, 3);
  assert.equal(keys.ofComparison('lt', x, y), found[0]);
});
