import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FunctionBuilder } from './builder.ts';
import { Variable } from './variables.ts';

test('a variable written on both arms becomes one phi', () => {
  const builder = new FunctionBuilder('max');
  const context = builder.context();
  const size = builder.load(context, { offset: 0, size: 4, space: 'context' });
  const result = new Variable('result', 32);
  builder.choose(
    'gt',
    size,
    builder.constant(5, 32),
    () => builder.write(result, size),
    () => builder.write(result, builder.constant(5, 32)),
  );
  builder.return(builder.read(result));
  const made = builder.finish();
  const end = made.blocks.at(-1)!.terminator!;
  assert.equal(made.blocks.length, 4);
  assert.equal(end.kind === 'return' && end.value.operation.op, 'phi');
});

test('a variable that a loop does not change needs no phi', () => {
  const builder = new FunctionBuilder('loop');
  const [limit, index] = [new Variable('limit', 32), new Variable('index', 32)];
  builder.write(limit, builder.load(builder.context(), { offset: 0, size: 4, space: 'context' }));
  builder.write(index, builder.constant(0, 32));
  const [head, body, end] = [builder.makeBlock(), builder.makeBlock(), builder.makeBlock()];
  builder.jump(head);
  builder.start(head);
  builder.branch('lt', builder.read(index), builder.read(limit), body, end);
  builder.sealAndStart(body);
  builder.write(index, builder.binary('add', builder.read(index), builder.constant(1, 32)));
  builder.jump(head);
  builder.seal(head);
  builder.sealAndStart(end);
  builder.return(builder.read(limit));
  const made = builder.finish();
  const phis = made.blocks.flatMap((block) => block.values).filter((v) => v.operation.op === 'phi');
  assert.equal(phis.length, 1);
  assert.equal(phis[0]!.operands.length, 2);
});

test('operations after a return vanish', () => {
  const builder = new FunctionBuilder('dead');
  builder.return(builder.constant(2, 32));
  builder.context();
  builder.jump(builder.makeBlock());
  const made = builder.finish();
  assert.equal(made.blocks.length, 1);
  assert.equal(made.blocks[0]!.values.length, 0);
});

test('reading a variable that one path did not write is an error', () => {
  const builder = new FunctionBuilder('undefined');
  assert.throws(() => builder.read(new Variable('x', 32)), /read x: not written on every path/);
});
