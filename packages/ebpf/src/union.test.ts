import assert from 'node:assert/strict';
import { test } from 'node:test';
import { be32, bytes, codecOf, Struct, u16, Union } from './index.ts';

test('a union is written from one member and read by all', () => {
  class Address extends Union({ ipv4: be32, ipv6: bytes(6) }) {}
  class Peer extends Struct({ port: u16, address: Address }) {}
  const codec = codecOf(Peer);
  assert.deepEqual([Peer.size, Address.size, Address.align], [12, 8, 4]);
  const written = codec.encode(
    { port: 1, address: { ipv4: 0x01020304 } },
    new Uint8Array(12).fill(9),
  );
  assert.deepEqual([...written], [1, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]);
  const read = codec.decode(written);
  assert.deepEqual(read.address, { ipv4: 0x01020304, ipv6: Uint8Array.of(1, 2, 3, 4, 0, 0) });
  assert.deepEqual(codec.encode(read), written);
  assert.throws(() => codec.encode({ port: 1, address: {} }), /Peer.address.*one of ipv4, ipv6/);
});
