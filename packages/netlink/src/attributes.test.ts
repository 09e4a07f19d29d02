import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AttributeSet, AttributeWriter, LITTLE_ENDIAN, readAttributes } from './attributes.ts';
import { MalformedMessageError } from './netlink-error.ts';

test('attributes are aligned to four bytes and padded with zeros', { skip: !LITTLE_ENDIAN }, () => {
  const writer = new AttributeWriter().u8(1, 0xaa).text(3, 'lo').be16(15, 4789);
  assert.deepEqual(
    [...writer.bytes],
    [5, 0, 1, 0, 0xaa, 0, 0, 0, 7, 0, 3, 0, 0x6c, 0x6f, 0, 0, 6, 0, 15, 0, 0x12, 0xb5, 0, 0],
  );
});

test('what was written is read', () => {
  const writer = new AttributeWriter()
    .u8(1, 255)
    .u16(2, 65535)
    .u32(3, 0xffffffff)
    .text(4, 'größe')
    .blob(5, Uint8Array.of(1, 2, 3))
    .nest(6, (inner) => inner.u32(1, 7).nest(2, (deep) => deep.text(1, 'veth')))
    .be16(7, 4789);
  const read = new AttributeSet(writer.bytes, 'test');
  assert.equal(read.u8(1), 255);
  assert.equal(read.u16(2), 65535);
  assert.equal(read.u32(3), 0xffffffff);
  assert.equal(read.text(4), 'größe');
  assert.deepEqual(read.blob(5), Uint8Array.of(1, 2, 3));
  assert.equal(read.nest(6)?.u32(1), 7);
  assert.equal(read.nest(6)?.nest(2)?.text(1), 'veth');
  assert.equal(read.be16(7), 4789);
  assert.equal(read.u32(99), undefined);
  assert.equal(read.has(6), true);
});

test('a structure before nested attributes is padded to four bytes', () => {
  const writer = new AttributeWriter();
  writer.nestAfter(1, Uint8Array.of(9, 9, 9, 9, 9), (inner) => inner.u32(2, 5));
  const value = new AttributeSet(writer.bytes, 'test').blob(1);
  assert.equal(new AttributeSet(value!.subarray(8), 'test').u32(2), 5);
});

test('what is too long or has no end is refused when written', () => {
  const tooLong = new Uint8Array(0xffff - 3);
  assert.throws(
    () => new AttributeWriter().blob(1, tooLong),
    /65532 bytes, expected at most 65531/,
  );
  assert.throws(() => new AttributeWriter().text(1, 'a\0b'), RangeError);
});

const malformed: { name: string; bytes: number[]; message: RegExp }[] = [
  { name: 'half a header', bytes: [4, 0], message: /2 bytes left, expected an attribute header/ },
  { name: 'length 0', bytes: [0, 0, 1, 0], message: /attribute length 0, expected 4 to 4/ },
  { name: 'length 3', bytes: [3, 0, 1, 0], message: /attribute length 3/ },
  {
    name: 'length past the end',
    bytes: [9, 0, 1, 0, 0, 0, 0, 0],
    message: /length 9, expected 4 to 8/,
  },
];
for (const { name, bytes, message } of malformed) {
  test(`refused: ${name}`, { skip: !LITTLE_ENDIAN }, () => {
    assert.throws(() => readAttributes(Uint8Array.from(bytes), 'test'), message);
  });
}

test('a value that is shorter than asked for is refused, not read as zero', () => {
  const read = new AttributeSet(new AttributeWriter().u16(4, 1500).bytes, 'link');
  assert.throws(() => read.u32(4), /attribute 4 in link: 2 bytes, expected at least 4/);
});

test('lists of any values survive writing and reading', () => {
  const fields = { type: fc.nat(0x3fff), value: fc.uint8Array({ maxLength: 40 }) };
  const entries = fc.array(fc.record(fields, { noNullPrototype: true }));
  fc.assert(
    fc.property(entries, (list) => {
      const writer = new AttributeWriter();
      for (const { type, value } of list) writer.blob(type, value);
      assert.deepEqual(readAttributes(writer.bytes, 'test'), list);
    }),
    { numRuns: 300 },
  );
});

test('any bytes are read or refused, and no value reaches outside', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        for (const { value } of readAttributes(bytes, 'test')) {
          assert.ok(value.byteOffset + value.length <= bytes.byteOffset + bytes.length);
        }
      } catch (error) {
        assert.ok(error instanceof MalformedMessageError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
