import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkInteger, checkS32, checkU32 } from './integers.ts';

test('what the ffi library would cut is refused with the range', () => {
  assert.throws(() => checkU32(1.5, 'flags'), {
    message: 'flags 1.5: expected an integer from 0 to 4294967295',
  });
  assert.throws(() => checkU32(2 ** 32, 'flags'), RangeError);
  assert.throws(() => checkU32(-1, 'flags'), RangeError);
  assert.throws(() => checkS32(2 ** 31, 'value'), RangeError);
  assert.throws(() => checkInteger(Number.NaN, 'size', 0, 1), RangeError);
  assert.equal(checkU32(0xffffffff, 'flags'), 0xffffffff);
  assert.equal(checkS32(-(2 ** 31), 'value'), -(2 ** 31));
});
