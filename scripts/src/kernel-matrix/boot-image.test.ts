import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packedKernel, unpackerOf } from './boot-image.ts';

/** A boot image of one sector of boot code, with a payload 16 bytes into what follows it. */
function image(payload: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(2048);
  bytes[0x1f1] = 1;
  bytes.write('HdrS', 0x202);
  bytes.writeUInt32LE(16, 0x248);
  bytes.writeUInt32LE(payload.length, 0x24c);
  bytes.set(payload, 1024 + 16);
  return bytes;
}

const cases = [
  { name: 'xz', have: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 1, 9, 9, 9, 9], want: 6 },
  { name: 'zstd', have: [0x28, 0xb5, 0x2f, 0xfd, 1, 9, 9, 9, 9], want: 5 },
  { name: 'lz4', have: [0x02, 0x21, 0x4c, 0x18, 1, 9, 9, 9, 9], want: 5 },
  { name: 'gzip', have: [0x1f, 0x8b, 8, 9, 9, 9, 9], want: 7 },
];

for (const { name, have, want } of cases) {
  test(`${name}: the packed kernel without the size that stands after it`, () => {
    const packed = packedKernel(image(have));
    assert.deepEqual([...packed], have.slice(0, want));
    assert.equal(unpackerOf(packed), name);
  });
}

test('what is no boot image, or packed in an unknown way, is refused', () => {
  assert.throws(() => packedKernel(new Uint8Array(2048)), /boot image: found .*expected 'HdrS'/);
  assert.throws(() => packedKernel(image([1, 2, 3, 4, 5, 6])), /begins 010203040506, expected one/);
});
