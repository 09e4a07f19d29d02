import assert from 'node:assert/strict';
import { test } from 'node:test';
import { be32, be64, u8, u16, u32 } from '../integers.ts';
import { array, bytes, Struct, type StructClass } from '../struct.ts';
import { Union } from '../union.ts';
import { LpmTrie } from './tables.ts';

class Pair extends Struct({ address: be32, kind: u8 }) {}
class Either extends Union({ ipv4: be32, ipv6: bytes(16) }) {}

function declare<F>(key: StructClass<F>): void {
  new LpmTrie({ name: 'trie', key, value: u32, maxEntries: 8 });
}

const refused: readonly [name: string, key: StructClass<object>, message: RegExp][] = [
  [
    'a be64 at its own alignment',
    Struct({ prefixLength: u32, upper: be64, lower: be64 }),
    /^key of trie: found padding before upper, .* packed: true/,
  ],
  [
    'padding behind a struct',
    Struct({ prefixLength: u32, pair: Pair, port: u16 }),
    /found padding before port/,
  ],
  [
    'padding between the elements of an array',
    Struct({ prefixLength: u32, pairs: array(Pair, 2) }),
    /found padding before pairs\[1\]\.address/,
  ],
  ['data first', Struct({ address: be32, prefixLength: u32 }), /found address first, expected/],
  ['a narrow length', Struct({ prefixLength: u16, rest: u16 }), /found prefixLength first/],
  ['nothing', Struct({}), /found no field first/],
];
for (const [name, key, message] of refused) {
  test(`a prefix key with ${name} is refused`, () => {
    assert.throws(() => declare(key), { name: 'TypeError', message });
  });
}

const taken: readonly [name: string, key: StructClass<object>][] = [
  ['packed', Struct({ prefixLength: u32, upper: be64, lower: be64 }, { packed: true })],
  ['with nothing after its last byte', Struct({ prefixLength: u32, port: u16 })],
  ['with a union', Struct({ prefixLength: u32, address: Either })],
];
for (const [name, key] of taken) {
  test(`a prefix key ${name} is taken`, () => declare(key));
}
