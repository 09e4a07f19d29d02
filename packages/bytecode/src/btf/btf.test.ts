import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { array, be16, HashMap, Struct, u32, u64, u8 } from '@skep/ebpf';
import { exit } from '../asm/build.ts';
import { encode } from '../asm/encode.ts';
import type { ProgramObject } from '../object.ts';
import { BtfBuilder } from './builder.ts';
import { BtfKind } from './kinds.ts';
import { mapBtf } from './map-btf.ts';
import { programBtf } from './program-btf.ts';
import { Btf, BtfError } from './reader.ts';

function sample(): Uint8Array {
  const builder = new BtfBuilder();
  const int = builder.signedInteger('int', 4);
  const long = builder.integer('u64', 8);
  const inner = builder.struct('', 8, [{ name: 'depth', type: int, offsetBits: 32 }]);
  const list = builder.array(long, 3);
  const outer = builder.struct('outer', 40, [
    { name: 'first', type: int, offsetBits: 0 },
    { name: '', type: inner, offsetBits: 64 },
    { name: 'list', type: builder.typedef('list_t', list), offsetBits: 128 },
  ]);
  builder.enum('colour', 4, [
    ['RED', 0],
    ['GREEN', 5],
  ]);
  builder.function('main', builder.functionPrototype(int, [{ name: 'p', type: outer }]));
  return builder.build();
}

test('types are found by name and kind', () => {
  const btf = new Btf(sample());
  const outer = btf.find('outer', BtfKind.Struct)!;
  assert.equal(btf.type(outer).size, 40);
  assert.equal(btf.find('outer', BtfKind.Function), undefined);
  assert.equal(btf.find('oute', BtfKind.Struct), undefined);
  assert.equal(btf.type(btf.type(btf.find('main', BtfKind.Function)!).type).kind, 13);
  assert.equal(btf.isSigned(btf.find('int', BtfKind.Integer)!), true);
});

test('members are found through nameless structs', () => {
  const btf = new Btf(sample());
  const outer = btf.find('outer', BtfKind.Struct)!;
  assert.equal(btf.member(outer, 'depth')?.offsetBits, 96);
  const list = btf.member(outer, 'list')!;
  assert.equal(list.offsetBits, 128);
  assert.equal(btf.sizeOf(list.type), 24);
  assert.equal(btf.member(outer, 'missing'), undefined);
  assert.equal(btf.member(outer, 'first.more'), undefined);
});

test('equal types are one type, and equal calls give equal bytes', () => {
  const builder = new BtfBuilder();
  assert.equal(builder.integer('u32', 4), builder.integer('u32', 4));
  assert.notEqual(builder.integer('u32', 4), builder.signedInteger('u32', 4));
  assert.deepEqual(sample(), sample());
});

test('every truncation is refused, and no change of a byte does more than that', () => {
  const whole = sample();
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => new Btf(whole.subarray(0, length)), BtfError, `${length} bytes`);
  }
  for (let at = 0; at < whole.length * 8; at++) {
    const changed = whole.slice();
    changed[at >> 3]! ^= 1 << (at & 7);
    try {
      walk(new Btf(changed));
    } catch (error) {
      assert.ok(error instanceof BtfError, String(error));
    }
  }
});

function walk(btf: Btf): void {
  for (let id = 1; id < btf.typeCount; id++) {
    const { kind } = btf.type(id);
    btf.plain(id);
    btf.sizeOf(id);
    if (kind !== BtfKind.Struct && kind !== BtfKind.Union) continue;
    btf.members(id);
    btf.member(id, 'depth');
  }
}

const object: ProgramObject = {
  name: 'two',
  programType: 6,
  license: 'GPL',
  code: encode([exit(), exit(), exit()]),
  maps: [],
  mapReferences: [],
  functions: [
    { instruction: 0, name: 'two' },
    { instruction: 2, name: 'lib.second' },
  ],
  lines: [
    { instruction: 1, file: 'two.ts', line: 7, column: 3, text: '  return XDP_PASS;\n' },
    { instruction: 1 + 1, file: 'two.ts', line: 1, column: 2000, text: 'second()' },
  ],
  stackBytes: 0,
};

test('a program has functions and lines as the kernel wants them', () => {
  const { btf: bytes, functions, lines } = programBtf(object);
  const btf = new Btf(bytes);
  const words = new Uint32Array(functions.buffer);
  assert.deepEqual([words[0], words[2]], [0, 2]);
  assert.equal(btf.type(words[1]!).name, 'two');
  assert.equal(btf.type(words[3]!).name, 'lib_second');
  const records = new Uint32Array(lines.buffer);
  assert.deepEqual([records[0], records[4], records[8]], [0, 1, 2]);
  assert.equal(records[3], (7 << 10) | 3, 'borrowed for the first instruction');
  assert.equal(records[11], (1 << 10) | 1023, 'columns have 10 bits');
});

test('a program without lines has no line records', () => {
  assert.equal(programBtf({ ...object, lines: [] }).lines.length, 0);
});

test('a map has its key and value by name', () => {
  class Flow extends Struct({ port: be16, tags: array(u8, 6), address: u32 }) {}
  const map = new HashMap({ name: 'flows', key: Flow, value: u64, maxEntries: 1 });
  const { btf: bytes, keyType, valueType } = mapBtf(map);
  const btf = new Btf(bytes);
  assert.equal(btf.type(keyType).name, 'Flow');
  assert.equal(btf.sizeOf(keyType), Flow.size);
  assert.equal(btf.member(keyType, 'address')?.offsetBits, 64);
  assert.equal(btf.type(btf.member(keyType, 'port')!.type).name, 'be16');
  assert.equal(btf.sizeOf(valueType), 8);
});

const vmlinux = '/sys/kernel/btf/vmlinux';
const absent = existsSync(vmlinux) ? false : 'this kernel has no /sys/kernel/btf/vmlinux';

test("the kernel's own BTF is read", { skip: absent }, () => {
  const btf = new Btf(readFileSync(vmlinux));
  const packet = btf.find('sk_buff', BtfKind.Struct)!;
  assert.equal(btf.member(packet, 'next')?.offsetBits, 0);
  const length = btf.member(packet, 'len')!;
  assert.equal(btf.sizeOf(length.type), 4);
  assert.ok(btf.find('bpf_iter_num_new', BtfKind.Function));
});
