import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asm from '../asm/build.ts';
import { encode } from '../asm/encode.ts';
import { type Instruction, r0, r1, r10, r2, r3, r4, r6 } from '../asm/instruction.ts';
import type { MapShape, ProgramObject } from '../object.ts';
import { Machine } from './machine.ts';
import { Table } from './maps/map.ts';

const XDP = 6;

function program(instructions: Instruction[], more: Partial<ProgramObject> = {}): ProgramObject {
  return {
    name: 'test',
    programType: XDP,
    license: 'GPL',
    code: encode(instructions),
    maps: [],
    mapReferences: [],
    functions: [{ instruction: 0, name: 'test' }],
    lines: [],
    stackBytes: 512,
    ...more,
  };
}

const counters: MapShape = {
  name: 'counters',
  kind: 'array',
  keySize: 4,
  valueSize: 8,
  maxEntries: 4,
  flags: 0,
};

test('a program counts in a map', () => {
  const machine = new Machine();
  const loaded = machine.load(
    program(
      [
        asm.store(4, r10, -4, 1),
        asm.loadMap(r1),
        asm.mov64(r2, r10),
        asm.add64(r2, -4),
        asm.callHelper(1),
        asm.branch('eq', 64, r0, 0, 2),
        asm.mov64(r1, 5),
        asm.atomic('add', 8, r0, 0, r1),
        asm.mov64(r0, 2),
        asm.exit(),
      ],
      { maps: [counters], mapReferences: [{ instruction: 1, map: 'counters' }] },
    ),
  );
  const result = loaded.run({ packet: new Uint8Array(64) });
  assert.equal(result.returnValue, 2);
  loaded.run({ packet: new Uint8Array(64) });
  const value = machine.map('counters', Table).lookup(Uint8Array.of(1, 0, 0, 0));
  assert.deepEqual(value, Uint8Array.of(10, 0, 0, 0, 0, 0, 0, 0));
});

test('a packet is read within its bounds, and faults beyond', () => {
  const read = (offset: number) =>
    program([
      asm.load(4, r6, r1, 0),
      asm.load(4, r3, r1, 4),
      asm.mov64(r4, r6),
      asm.add64(r4, 14),
      asm.mov64(r0, 0),
      asm.branch('gt', 64, r4, r3, 1),
      asm.load(1, r0, r6, offset),
      asm.exit(),
    ]);
  const machine = new Machine();
  const packet = Uint8Array.from({ length: 14 }, (_, index) => index + 1);
  assert.equal(machine.load(read(13)).run({ packet }).returnValue, 14);
  assert.equal(machine.load(read(13)).run({ packet: packet.subarray(1) }).returnValue, 0);
  assert.throws(
    () => machine.load(read(14)).run({ packet }),
    /run test: instruction 6 \(r0 = \*\(u8 \*\)\(r6 \+14\)\): access of 1 bytes at 14 of packet/,
  );
});
