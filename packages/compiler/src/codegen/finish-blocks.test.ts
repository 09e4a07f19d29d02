import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatInstruction } from '@skep/bytecode';
import { emitFunction } from './emit.ts';
import { MachineBlock, MachineInstruction } from './machine.ts';

type Fields = Partial<Omit<MachineInstruction, 'target'>>;
/** Blocks by their places. */
type Step = (blocks: readonly MachineBlock[]) => MachineInstruction;

const position = (line: number) => ({ file: 'a.ts', line, column: 1, text: '' });

function step(operation: MachineInstruction['operation'], fields: Fields, target = -1): Step {
  return (blocks) => {
    const made = new MachineInstruction(operation, fields.position ?? null);
    return Object.assign(made, { ...fields, target: blocks[target] ?? null });
  };
}

const set = (destination: number, immediate: number): Step =>
  step('moveImmediate', { destination, immediate, width: 32 });
const move = (destination: number, source: number): Step => step('move', { destination, source });
const add = (destination: number, immediate: number, line = 1): Step =>
  step('aluImmediate', { destination, immediate, position: position(line) });
const load = (destination: number, source: number, line: number): Step =>
  step('load', { destination, source, position: position(line) });
const call = step('call', { immediate: 5 });
const exit = step('exit', {});
const jump = (to: number): Step => step('jump', {}, to);
const branch = (
  destination: number,
  comparison: MachineInstruction['comparison'],
  immediate: number,
  ...[taken, other]: [number, number]
): Step[] => [step('branchImmediate', { destination, comparison, immediate }, taken), jump(other)];

/** What the code of these blocks is in the end. */
function finished(...bodies: readonly (readonly Step[])[]): string[] {
  const blocks = bodies.map((_, index) => new MachineBlock(index, 0));
  bodies.forEach((body, index) => {
    blocks[index]!.instructions = body.map((made) => made(blocks));
  });
  const made = { name: 'made', global: null, position: null, blocks, registerCount: 11 };
  const { instructions } = emitFunction({ ...made, offsets: new Set() }, 0);
  return instructions.map((each) => formatInstruction(each));
}

describe('equal blocks', () => {
  const body = (first: Step, second: Step): Step[][] => [
    [call, ...branch(1, 'ne', 4, 2, 1)],
    [load(7, 6, 1), ...branch(7, 'lt', 20, 3, 4)],
    [first, jump(5)],
    [second, jump(5)],
    [set(7, 1), jump(5)],
    [move(1, 7), call, move(0, 8), exit],
  ];

  test('become one, so that a branch goes there at once', () => {
    assert.deepEqual(finished(...body(set(7, 134), set(7, 134))).slice(1, 8), [
      'if r1 != 4 goto +2',
      'r7 = *(u64 *)(r6 +0)',
      'if r7 >= 20 goto +2',
      'w7 = 134',
      'goto +1',
      'w7 = 1',
      'r1 = r7',
    ]);
  });

  test('of different lines stay apart, if the verifier may refuse what they do', () => {
    const loads = [3, 4].map((line) => {
      const code = finished(...body(load(7, 6, 3), load(7, 6, line)));
      return code.filter((each) => each === 'r7 = *(u64 *)(r6 +0)').length;
    });
    assert.deepEqual(loads, [2, 3]);
  });

  test('of a chain become one chain', () => {
    const code = finished(
      [call, ...branch(1, 'ne', 4, 1, 2)],
      [set(7, 1), jump(3)],
      [set(7, 1), jump(4)],
      [add(7, 1), jump(5)],
      [add(7, 1), jump(5)],
      [move(0, 7), exit],
    );
    assert.deepEqual(code.slice(-4), ['w7 = 1', 'r7 += 1', 'r0 = r7', 'exit']);
  });
});

describe('a result', () => {
  const early = (last: Step[]): Step[][] => [
    [...branch(1, 'gt', 4, 3, 1)],
    [...branch(2, 'ne', 5, 3, 2)],
    last,
    [set(0, 2), exit],
  ];

  test('that early ways out have is set once', () => {
    const want = ['w0 = 2', 'if r1 > 4 goto +2', 'if r2 != 5 goto +1', 'w0 = 1', 'exit'];
    assert.deepEqual(finished(...early([set(0, 1), exit])), want);
  });

  test('is set on the way out where a call has been before, or it is in use', () => {
    for (const use of [call, set(0, 7)]) {
      const code = finished(...early([use, ...branch(1, 'eq', 1, 3, 4)]), [move(0, 6), exit]);
      assert.notEqual(code[0], 'w0 = 2');
      assert.equal(code.filter((each) => each === 'w0 = 2').length, 1);
    }
  });

  test('is set on the way out of a loop that calls', () => {
    const code = finished(
      [...branch(1, 'gt', 4, 3, 1)],
      [...branch(6, 'gt', 4, 3, 2)],
      [call, add(6, 1), ...branch(6, 'ne', 9, 1, 4)],
      [set(0, 2), exit],
      [move(0, 6), exit],
    );
    assert.equal(code[0], 'if r1 > 4 goto +6');
  });

  test('stays where there is no other', () => {
    const code = finished([...branch(1, 'gt', 4, 2, 1)], [add(6, 1), jump(2)], [set(0, 2), exit]);
    assert.deepEqual(code, ['if r1 > 4 goto +1', 'r6 += 1', 'w0 = 2', 'exit']);
  });
});

describe('what both sides of a branch begin with', () => {
  const sides = (first: Step, second: Step, register = 1): string[] =>
    finished(
      [...branch(register, 'lt', 4, 1, 2)],
      [first, jump(3)],
      [second, add(2, 7), jump(3)],
      [move(0, 2), exit],
    );

  test('stands before it', () => {
    const want = ['r2 = r1', 'if r1 < 4 goto +1', 'r2 += 7', 'r0 = r2', 'exit'];
    assert.deepEqual(sides(move(2, 1), move(2, 1)), want);
  });

  test('stays where the branch reads what it writes, and where it may be refused', () => {
    assert.equal(sides(move(2, 1), move(2, 1), 2)[0], 'if r2 >= 4 goto +2');
    assert.equal(sides(load(2, 1, 1), load(2, 1, 1))[0], 'if r1 >= 4 goto +2');
    assert.equal(sides(move(2, 1), move(2, 3))[0], 'if r1 >= 4 goto +2');
  });
});

test('a block that ends the function stands behind one that jumps there', () => {
  const code = finished(
    [
      call,
      step('branchImmediate', { destination: 6, comparison: 'set', immediate: 4 }, 2),
      jump(3),
    ],
    [],
    [set(0, 0), exit],
    [move(0, 7), exit],
  );
  assert.deepEqual(code.slice(1), ['if r6 & 4 goto +2', 'r0 = r7', 'exit', 'w0 = 0', 'exit']);
});
