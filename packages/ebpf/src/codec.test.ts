import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  array,
  be16,
  be32,
  bool,
  bytes,
  codecOf,
  enumOf,
  FieldValueError,
  s32,
  s64,
  Struct,
  u8,
  u16,
  u32,
  u64,
} from './index.ts';

enum Color {
  Red = 1,
  Green = 2,
}

class Inner extends Struct({ port: be16, kind: u8 }) {}
class Outer extends Struct({
  flag: bool,
  mac: bytes(6),
  address: be32,
  packets: u64,
  delta: s32,
  far: s64,
  color: enumOf(u8, Color),
  inner: Inner,
  list: array(u16, 3),
  nested: array(Inner, 2),
}) {}

const value = {
  flag: true,
  mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
  address: 0x0a000001,
  packets: 2n ** 63n,
  delta: -5,
  far: -(2n ** 40n),
  color: Color.Green,
  inner: { port: 443, kind: 6 },
  list: [1, 2, 65535],
  nested: [
    { port: 1, kind: 2 },
    { port: 3, kind: 4 },
  ],
};

test('what was encoded is decoded again', () => {
  const codec = codecOf(Outer);
  const buffer = new Uint8Array(codec.size + 8).fill(0xff);
  codec.encode(value, buffer, 4);
  assert.deepEqual(codec.decode(buffer, 4), value);
  assert.deepEqual([...buffer.subarray(0, 4)], [255, 255, 255, 255]);
});

test('bytes lie as the kernel reads them, padding is zero', () => {
  class Key extends Struct({ kind: u8, port: be16, count: u32 }) {}
  const buffer = new Uint8Array(8).fill(0xff);
  codecOf(Key).encode({ kind: 1, port: 0x1234, count: 0x01020304 }, buffer);
  assert.deepEqual([...buffer], [1, 0, 0x12, 0x34, 4, 3, 2, 1]);
});

test('a packed struct has no padding', () => {
  class Packed extends Struct({ kind: u8, address: u32 }, { packed: true }) {}
  const buffer = new Uint8Array(5);
  codecOf(Packed).encode({ kind: 9, address: 1 }, buffer);
  assert.deepEqual([...buffer], [9, 1, 0, 0, 0]);
});

test('plain integers have codecs', () => {
  const buffer = new Uint8Array(8);
  codecOf(u64).encode(7, buffer);
  assert.equal(codecOf(u64).decode(buffer), 7n);
  assert.equal(codecOf(u32).decode(buffer), 7);
});

test('a decoded array of bytes is a copy', () => {
  const buffer = Uint8Array.of(1, 2);
  const decoded: Uint8Array = codecOf(bytes(2)).decode(buffer);
  buffer[0] = 9;
  assert.deepEqual([...decoded], [1, 2]);
});

test('values that do not fit are refused by name', () => {
  const buffer = new Uint8Array(64);
  const encode = (change: object) => () =>
    codecOf(Outer).encode({ ...value, ...change }, new Uint8Array(codecOf(Outer).size));
  const cases: [object, RegExp][] = [
    [
      { inner: { port: 70000, kind: 1 } },
      /encode Outer.inner.port: found 70000, expected u16 \(0 to/,
    ],
    [{ delta: 2 ** 31 }, /encode Outer.delta: found 2147483648, expected s32/],
    [{ packets: -1n }, /encode Outer.packets: found -1n, expected u64/],
    [{ packets: 2 ** 60 }, /expected u64/],
    [{ address: 1.5 }, /encode Outer.address: found 1.5/],
    [{ flag: 1 }, /encode Outer.flag: found 1, expected a boolean/],
    [{ mac: new Uint8Array(5) }, /encode Outer.mac: found an object, expected 6 elements/],
    [{ list: [1, 2, -1] }, /encode Outer.list\[2\]: found -1/],
    [{ inner: undefined }, /encode Outer.inner: found undefined, expected an object/],
  ];
  for (const [change, message] of cases) {
    assert.throws(encode(change), (error) => {
      assert.ok(error instanceof FieldValueError);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.throws(() => codecOf(Outer).decode(buffer, 60), /decode Outer: found 4 bytes, expected/);
});
