import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf, BtfBuilder, cPrototype } from '@skep/bytecode';
import { compareShapes } from './kernel-functions.ts';

/** `int takes(struct xdp_md *ctx, u64 *time)` and `void starts(void)`. */
function sample() {
  const builder = new BtfBuilder();
  const int = builder.integer('int', 4);
  const u64 = builder.typedef('u64', builder.integer('unsigned long', 8));
  const context = builder.pointer(builder.struct('xdp_md', 0, []));
  const taken = builder.functionPrototype(int, [
    { name: 'ctx', type: context },
    { name: 'time', type: builder.pointer(u64) },
  ]);
  const takes = builder.function('takes', taken);
  const starts = builder.function('starts', builder.functionPrototype(0, []));
  return { btf: new Btf(builder.build()), takes, starts };
}

test('a function of the kernel is told as C declares it', () => {
  const { btf, takes, starts } = sample();
  assert.equal(cPrototype(btf, takes), 'int takes(struct xdp_md *ctx, u64 *time)');
  assert.equal(cPrototype(btf, starts), 'void starts(void)');
});

test('a call must have as many arguments, and a result of that size where it uses one', () => {
  const { btf, takes, starts } = sample();
  const call = { instruction: 0, name: 'takes' };
  for (const shape of [
    {},
    { parameters: 2 },
    { parameters: 2, resultBytes: 4 },
    { resultBytes: 0 },
  ]) {
    assert.equal(compareShapes({ ...call, ...shape }, btf, takes), undefined);
  }
  assert.equal(
    compareShapes({ ...call, parameters: 1 }, btf, takes),
    "found 1 argument, expected 2: the kernel's is " + 'int takes(struct xdp_md *ctx, u64 *time)',
  );
  assert.equal(
    compareShapes({ ...call, parameters: 2, resultBytes: 8 }, btf, takes),
    "found a result of 8 bytes, expected 4 bytes: the kernel's is " +
      'int takes(struct xdp_md *ctx, u64 *time)',
  );
  assert.equal(
    compareShapes({ ...call, parameters: 0, resultBytes: 4 }, btf, starts),
    "found a result of 4 bytes, expected none: the kernel's is void starts(void)",
  );
});
