import assert from 'node:assert/strict';
import test from 'node:test';
import { FunctionBuilder } from './builder.ts';
import { Variable } from './variables.ts';
import type { IrFunction } from './ir.ts';
import { verifyFunction } from './verify.ts';

/** `x = a; if (a) x = a + 1; return x` */
function diamond(): IrFunction {
  const b = new FunctionBuilder('f');
  const x = new Variable('x', 64);
  const a = b.parameter(0);
  b.write(x, a);
  b.choose('ne', a, b.constant(0, 64), () => b.write(x, b.binary('add', a, b.constant(1, 64))));
  b.return(b.read(x));
  return b.finish();
}

const damages: [string, (made: IrFunction) => void, RegExp][] = [
  ['an end', (made) => (made.blocks[1]!.terminator = null), /has no end/],
  ['a predecessor', (made) => made.blocks.at(-1)!.predecessors.pop(), /has predecessors/],
  ['an operand of a phi', (made) => made.blocks.at(-1)!.values[0]!.operands.pop(), /operands/],
  ['dominance', (made) => made.blocks[0]!.values.push(made.blocks[1]!.values.pop()!), /its block/],
  [
    'order',
    (made) => {
      const [parameter] = made.blocks[0]!.values;
      parameter!.operation = { op: 'neg' };
      parameter!.operands = [parameter!];
    },
    /is not known there/,
  ],
  [
    'width',
    (made) => {
      made.blocks[1]!.values[0]!.width = 32;
    },
    /operand 0 has 64 bits/,
  ],
  [
    'placement',
    (made) => {
      const floating = made.makeConstant(1, 64);
      floating.block = made.blocks[0]!;
      made.blocks[0]!.values.push(floating);
    },
    /stands in a block/,
  ],
];

test('a function as built is well-formed', () => {
  verifyFunction(diamond(), 'building');
});

for (const [name, damage, expected] of damages) {
  test(`verify finds a violation of ${name}`, () => {
    const made = diamond();
    damage(made);
    assert.throws(() => verifyFunction(made, 'damage'), expected);
    assert.throws(() => verifyFunction(made, 'damage'), /^Error: verify f: after damage: /);
  });
}
