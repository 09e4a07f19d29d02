import assert from 'node:assert/strict';
import { test } from 'node:test';
import { u32 } from './integers.ts';
import { array, Struct } from './struct.ts';
import { Union } from './union.ts';

const wrong: readonly [name: string, make: () => unknown, message: RegExp][] = [
  ['a constructor', () => Struct({ ok: u32, text: String as never }), /^field text: found String,/],
  ['nothing', () => Struct({ left: undefined as never }), /^field left: found undefined,/],
  ['a number', () => Union({ size: 4 as never }), /^field size: found 4, expected an integer/],
  ['an array of it', () => array(Number as never, 4), /^field of array: found Number,/],
];
for (const [name, make, message] of wrong) {
  test(`${name} is no field`, () => {
    assert.throws(make, { name: 'TypeError', message });
  });
}
