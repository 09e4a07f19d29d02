import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeInternetAddress,
  encodeInternetAddress,
  encodeUnixAddress,
} from './socket-address.ts';

const rows = [
  {
    name: 'IPv4',
    have: { address: Uint8Array.of(10, 0, 0, 1), port: 0x1234 },
    want: [2, 0, 0x12, 0x34, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  },
  {
    name: 'IPv6',
    have: { address: Uint8Array.from({ length: 16 }, (_, index) => index), port: 80 },
    want: [
      10, 0, 0, 80, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0,
    ],
  },
];

for (const { name, have, want } of rows) {
  test(`${name}: as the kernel takes it, and back`, () => {
    const bytes = encodeInternetAddress(have);
    assert.deepEqual([...bytes], want);
    assert.deepEqual(decodeInternetAddress(bytes), have);
  });
}

test('other lengths and families are refused', () => {
  const address = new Uint8Array(6);
  assert.throws(() => encodeInternetAddress({ address, port: 1 }), /of 6 bytes: expected 4 or 16/);
  assert.throws(() => decodeInternetAddress(new Uint8Array(16)), /family 0: expected IPv4 or IPv6/);
});

test('a unix path ends with a zero, an abstract name begins with one', () => {
  assert.deepEqual([...encodeUnixAddress('/a')], [1, 0, 0x2f, 0x61, 0]);
  assert.deepEqual([...encodeUnixAddress('@a')], [1, 0, 0, 0x61]);
  assert.throws(() => encodeUnixAddress(`/${'a'.repeat(107)}`), /109 bytes, expected at most 108/);
});
