import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode, Machine } from '@skep/bytecode';
import { FunctionBuilder } from '../ir/builder.ts';
import type { Comparison, IrProgram, Width } from '../ir/ir.ts';
import { Variable } from '../ir/variables.ts';
import { compileProgram } from './compile-program.ts';

interface Question {
  readonly name: string;
  readonly width: Width;
  /** 0 for none. */
  readonly mask?: number;
  readonly comparison: Comparison;
  readonly right: number;
  readonly holds: (left: bigint) => boolean;
}

const questions: readonly Question[] = [
  {
    name: 'x < 0',
    width: 32,
    comparison: 'slt',
    right: 0,
    holds: (x) => BigInt.asIntN(32, x) < 0n,
  },
  { name: 'x >= 0', width: 64, comparison: 'sge', right: 0, holds: (x) => x < 1n << 63n },
  { name: 'x > -1', width: 64, comparison: 'sgt', right: -1, holds: (x) => x < 1n << 63n },
  { name: 'x & 1', width: 32, mask: 1, comparison: 'ne', right: 0, holds: (x) => (x & 1n) !== 0n },
  { name: '!(x & 1)', width: 64, mask: 1, comparison: 'eq', right: 0, holds: (x) => !(x & 1n) },
  { name: 'x & 64', width: 64, mask: 64, comparison: 'ne', right: 0, holds: (x) => !!(x & 64n) },
];

/** Asks it of what the packet begins with, and returns the answer, perhaps by way of memory. */
function asking(question: Question, isStored: boolean, asksAgain = false): IrProgram {
  const { width, mask, comparison, right } = question;
  const b = new FunctionBuilder('asking');
  const context = b.context();
  const slot = b.slot('bytes', 16);
  const helper = { id: 26, name: 'skb_load_bytes', movesPacket: false };
  const read = (): void => {
    b.call(helper, [context, b.constant(0, 64), slot, b.constant(8, 64)]);
  };
  read();
  const size = width === 64 ? 8 : 4;
  const whole = b.load(slot, { space: 'stack', offset: 0, size }, width);
  const left = mask ? b.binary('and', whole, b.constant(mask, width)) : whole;
  const answer = new Variable('answer', 64);
  b.write(answer, b.constant(0, 64));
  b.choose(comparison, left, b.constant(right, width), () => b.write(answer, b.constant(1, 64)));
  if (isStored) {
    b.store(slot, { space: 'stack', offset: 8, size: 8 }, b.read(answer));
    read();
    b.write(answer, b.load(slot, { space: 'stack', offset: 8, size: 8 }));
  }
  if (asksAgain) b.store(context, { space: 'context', offset: 8, size: 4 }, whole);
  b.return(b.resize(b.read(answer), 32));
  return { name: 'asking', programType: 3, license: 'GPL', functions: [b.finish()] };
}

const branchesOf = (program: IrProgram): number =>
  decode(compileProgram(program, { verifies: true }).code).filter((each) => each.kind === 'branch')
    .length;

describe('a boolean that is one bit', () => {
  const numbers = [0n, 1n, 64n, 0x7fffffffn, 0x80000000n, 0xffffffffffffffbfn, 1n << 63n];
  for (const question of questions) {
    test(`${question.name} is computed without a branch`, () => {
      for (const isStored of [false, true]) {
        const program = asking(question, isStored);
        assert.equal(branchesOf(program), 0);
        for (const number of numbers) {
          const packet = new Uint8Array(64);
          new DataView(packet.buffer).setBigUint64(0, number, true);
          const { returnValue } = new Machine().load(compileProgram(program)).run({ packet });
          const left = BigInt.asUintN(question.width, number);
          assert.equal(returnValue, question.holds(left) ? 1 : 0, `${number}`);
        }
      }
    });
  }

  test('is asked for by a branch where the verifier is to know what it was asked of', () => {
    assert.equal(branchesOf(asking(questions[0]!, true, true)), 1);
  });
});
