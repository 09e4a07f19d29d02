import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Attribute, readName } from './attribute.ts';

test('fields are little-endian, names end in zeros', () => {
  const attribute = new Attribute(32).setU32(0, 0x01020304).setU64(8, 0x1122n).setName(16, 'map_1');
  assert.deepEqual([...attribute.bytes.subarray(0, 10)], [4, 3, 2, 1, 0, 0, 0, 0, 0x22, 0x11]);
  assert.equal(readName(attribute.bytes, 16), 'map_1');
  assert.equal(readName(attribute.setName(16, 'm').bytes, 16), 'm');
});

test('what does not fit is refused', () => {
  const attribute = new Attribute(32);
  assert.throws(() => attribute.setU32(0, 2 ** 32), /expected an integer from 0 to 4294967295/);
  assert.throws(() => attribute.setU32(0, 1.5), RangeError);
  assert.throws(() => attribute.setName(0, 'sixteen_letters_'), /at most 15/);
  assert.throws(() => attribute.setName(0, 'a b'), TypeError);
});
