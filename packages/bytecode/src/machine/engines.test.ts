/** Generated code does what the interpreter does: results, faults, counts, and where a run ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asm from '../asm/build.ts';
import { type Instruction, r0, r1, r10, r2, r3, r4, r6, r7 } from '../asm/instruction.ts';
import { CASE_PACKET_BYTES, caseProgram, isaCases } from '../conformance/cases.ts';
import type { MapShape, ProgramObject } from '../object.ts';
import { lookupMaps, randomLookups } from '../testing/random-lookups.ts';
import { randomProgram } from '../testing/random-program.ts';
import { countingBytes, sampleProgram, TC_TYPE } from '../testing/sample-program.ts';
import { type EngineName, Machine, type MachineOptions } from './machine.ts';
import { hashing } from './maps/key-index.ts';
import { Table } from './maps/map.ts';
import { ProgramArrayMap } from './maps/program-array.ts';

const table: MapShape = {
  name: 'table',
  kind: 'hash',
  keySize: 4,
  valueSize: 8,
  maxEntries: 4,
  flags: 0,
};
const programs: MapShape = {
  ...{ name: 'programs', kind: 'programArray', keySize: 4, valueSize: 4 },
  ...{ maxEntries: 2, flags: 0 },
};

/** Everything that a run can be told by. */
function outcome(engine: EngineName, object: ProgramObject, options: MachineOptions): unknown {
  const machine = new Machine({ ...options, engine, checks: false });
  machine.createMap(table);
  machine.createMap(programs);
  machine.map('table', Table).update(countingBytes(4), countingBytes(8));
  const loaded = machine.load(object);
  assert.equal(loaded.engine, engine);
  machine.map('programs', ProgramArrayMap).set(1, loaded);
  const entries = (): unknown => machine.map('table', Table).entries();
  try {
    const result = loaded.run({ packet: countingBytes(64), context: { ifindex: 7 } });
    const { returnValue, packet, instructionsExecuted, helperCalls, context } = result;
    return { returnValue, packet, instructionsExecuted, helperCalls, context, map: entries() };
  } catch (error) {
    return { message: (error as Error).message, map: entries() };
  }
}

function assertEqualOn(object: ProgramObject, options: MachineOptions = {}): void {
  const expected = outcome('interpreter', object, options);
  assert.deepEqual(outcome('generated', object, options), expected);
}

const asTc = { programType: TC_TYPE };

function program(instructions: readonly Instruction[]): ProgramObject {
  return sampleProgram(instructions, [table, programs], asTc);
}

test(`${isaCases.length} conformance cases come to the same`, () => {
  for (const each of isaCases) {
    const results = (['interpreter', 'generated'] as const).map((engine) => {
      const loaded = new Machine({ engine }).load(caseProgram(each));
      assert.equal(loaded.engine, engine);
      return loaded.run({ packet: new Uint8Array(CASE_PACKET_BYTES) });
    });
    const [one, other] = results.map((run) => [run.packet, run.instructionsExecuted]);
    assert.deepEqual(other, one, each.name);
  }
});

const tailCall = [asm.loadMap(r2, 1), asm.mov64(r3, 1), asm.callHelper(12)];
const lookup = [
  asm.store(4, r10, -4, 0x03020100),
  asm.loadMap(r1, 0),
  asm.mov64(r2, r10),
  asm.add64(r2, -4),
  asm.callHelper(1),
];

const shapes: readonly (readonly [name: string, instructions: readonly Instruction[]])[] = [
  ['a loop', [asm.mov64(r0, 5), asm.sub64(r0, 1), asm.branch('ne', 64, r0, 0, -2), asm.exit()]],
  [
    'a loop that is entered in two places',
    [
      asm.mov64(r0, 0),
      asm.mov64(r6, 0),
      asm.load(4, r7, r1, 40),
      asm.branch('eq', 64, r7, 7, 1),
      asm.add64(r0, 1),
      asm.add64(r0, 10),
      asm.add64(r6, 1),
      asm.branch('lt', 64, r6, 3, -4),
      asm.exit(),
    ],
  ],
  [
    'subprograms in subprograms',
    [
      asm.mov64(r6, 3),
      asm.callSubprogram(2),
      asm.add64(r0, r6),
      asm.exit(),
      asm.mov64(r6, 40),
      asm.store(8, r10, -8, 2),
      asm.callSubprogram(3),
      asm.load(8, r1, r10, -8),
      asm.add64(r0, r1),
      asm.exit(),
      asm.mov64(r0, r6),
      asm.exit(),
    ],
  ],
  ['endless calls', [asm.callSubprogram(-1), asm.exit()]],
  [
    'a tail call out of a subprogram',
    [
      asm.mov64(r6, r1),
      asm.callSubprogram(1),
      asm.exit(),
      ...tailCall,
      asm.mov64(r0, 4),
      asm.exit(),
    ],
  ],
  ['tail calls to itself', [...tailCall, asm.mov64(r0, 4), asm.exit()]],
  [
    'a changed value',
    [
      ...lookup,
      asm.branch('eq', 64, r0, 0, 4),
      asm.mov64(r1, 9),
      asm.atomic('add', 8, r0, 0, r1),
      asm.atomic('xor', 4, r0, 4, r1),
      asm.load(8, r0, r0, 0),
      asm.exit(),
    ],
  ],
  [
    'a value that was deleted, and one that came after it',
    [
      ...lookup,
      asm.mov64(r6, r0),
      asm.loadMap(r1, 0),
      asm.mov64(r2, r10),
      asm.add64(r2, -4),
      asm.callHelper(3),
      asm.loadMap(r1, 0),
      asm.mov64(r2, r10),
      asm.add64(r2, -4),
      asm.mov64(r3, r10),
      asm.add64(r3, -8),
      asm.store(8, r10, -8, -1),
      asm.mov64(r4, 0),
      asm.callHelper(2),
      asm.load(8, r0, r6, 0),
      asm.exit(),
    ],
  ],
  ['beyond a value', [...lookup, asm.load(4, r0, r0, 6), asm.exit()]],
  ['before a value', [...lookup, asm.store(1, r0, -1, 0), asm.exit()]],
  ['a map as memory', [asm.loadMap(r1, 0), asm.load(8, r0, r1, 0), asm.exit()]],
  ['a number as address', [asm.loadConstant(r1, 0x1_0008_4000_0000n), asm.load(1, r0, r1, 0)]],
  ['an address of no region', [asm.loadConstant(r1, 0x1_7ff0_4000_0000n), asm.load(1, r0, r1, 0)]],
  ['an address that is not a region', [asm.add64(r1, 0), asm.load(2, r0, r1, -4)]],
  ['an atomic on the packet', [asm.load(4, r2, r1, 76), asm.atomic('add', 4, r2, 0, r0)]],
  ['an atomic askew', [asm.atomic('or', 8, r10, -12, r0)]],
  ['a write to a field', [asm.store(4, r1, 8, 77), asm.load(4, r0, r1, 8)]],
  ['a write to a read-only field', [asm.store(4, r1, 40, 77)]],
  ['a read of a field askew', [asm.load(4, r0, r1, 2)]],
  [
    'a packet pointer that is stale',
    [
      asm.mov64(r6, r1),
      asm.load(4, r7, r1, 76),
      asm.mov64(r2, 64),
      asm.callHelper(39),
      asm.load(4, r2, r6, 76),
      asm.load(1, r0, r2, 3),
      asm.load(1, r0, r7, 3),
    ],
  ],
  [
    'two ways with different checks before',
    [
      asm.mov64(r6, r1),
      ...lookup,
      asm.mov64(r7, r0),
      asm.load(1, r3, r7, 0),
      asm.load(4, r2, r6, 40),
      asm.branch('eq', 64, r2, 7, 3),
      asm.load(4, r7, r6, 76),
      asm.load(8, r3, r7, 0),
      asm.load(8, r3, r7, 8),
      asm.load(1, r3, r7, 0),
      asm.branch('eq', 64, r7, r6, 0),
      asm.load(8, r0, r7, 4),
    ],
  ],
  ['may_goto', [asm.mov64(r0, 0), asm.add64(r0, 1), asm.mayGoto(1), asm.jump(-3), asm.exit()]],
];

for (const [name, instructions] of shapes) {
  test(`the same to the last instruction: ${name}`, () => {
    const object = program([...instructions, asm.exit()]);
    for (let instructionBudget = 0; instructionBudget < 40; instructionBudget++) {
      assertEqualOn(object, { instructionBudget });
    }
    assertEqualOn(object, { instructionBudget: 20_000 });
  });
}

const seed = Number(process.env.SKEP_SEED ?? 20_261_125);
const runs = Number(process.env.SKEP_RUNS ?? 150);

test(`${runs} random programs, mostly wrong ones, end alike (SKEP_SEED=${seed})`, () => {
  let ended = 0;
  for (let own = seed; own < seed + runs; own++) {
    const object = program(randomProgram(own));
    for (const instructionBudget of [2000, own % 50]) {
      const expected = outcome('interpreter', object, { instructionBudget }) as object;
      const found = outcome('generated', object, { instructionBudget });
      assert.deepEqual(found, expected, `SKEP_SEED=${own} SKEP_RUNS=1`);
      if ('returnValue' in expected) ended++;
    }
  }
  assert.ok(ended > runs / 10, `${ended} of ${runs} ended without a fault`);
});

/** What a program that looks keys up comes to, and what it leaves in the maps; twice in a row. */
function lookupOutcome(engine: EngineName, object: ProgramObject): unknown[] {
  const machine = new Machine({ engine, checks: false, cpus: 2 });
  const loaded = machine.load(object);
  assert.equal(loaded.engine, engine);
  return [0, 1].map((cpu) => {
    const end = (): unknown[] => lookupMaps.map(({ name }) => machine.map(name, Table).entries());
    try {
      const result = loaded.run({ packet: countingBytes(64), cpu });
      const { packet, instructionsExecuted, helperCalls } = result;
      return { packet, instructionsExecuted, helperCalls, maps: end() };
    } catch (error) {
      return { message: (error as Error).message, maps: end() };
    }
  });
}

test(`${runs} random programs that look keys up end alike (SKEP_SEED=${seed})`, () => {
  let ended = 0;
  for (let own = seed; own < seed + runs; own++) {
    const object = sampleProgram(randomLookups(own), lookupMaps, asTc);
    const [first, second] = lookupOutcome('interpreter', object) as object[];
    const found = lookupOutcome('generated', object);
    assert.deepEqual(found, [first, second], `SKEP_SEED=${own} SKEP_RUNS=1`);
    if ('packet' in first!) ended++;
  }
  assert.ok(ended > runs / 10, `${ended} of ${runs} ended without a fault`);
});

/** Another second word, with which another first word gives the same hash. */
function collidingKey(first: number, second: number, otherFirst: number): bigint {
  const stirred = (word: number): number => {
    const product = Math.imul(word, hashing.factor);
    return product ^ (product >>> hashing.shift);
  };
  const otherSecond = stirred(first) ^ second ^ stirred(otherFirst);
  return (BigInt(otherSecond >>> 0) << 32n) | BigInt(otherFirst);
}

test('keys of the same hash are told apart', () => {
  const wide: MapShape = { ...table, keySize: 8 };
  const keys = [(6n << 32n) | 5n, collidingKey(5, 6, 7), collidingKey(5, 6, 8)];
  for (const engine of ['interpreter', 'generated'] as const) {
    const machine = new Machine({ engine });
    const map = machine.createMap(wide) as Table;
    keys.slice(0, 2).forEach((key, index) => {
      map.update(new Uint8Array(BigUint64Array.of(key).buffer), countingBytes(8).fill(index + 1));
    });
    const results = keys.map((key) => {
      const start = [asm.loadConstant(r3, key), asm.store(8, r10, -8, r3)];
      const call = [asm.loadMap(r1, 0), asm.mov64(r2, r10), asm.add64(r2, -8), asm.callHelper(1)];
      const end = [asm.branch('eq', 64, r0, 0, 1), asm.load(1, r0, r0, 0), asm.exit()];
      const object = sampleProgram([...start, ...call, ...end], [wide]);
      return machine.load(object).run({ packet: countingBytes(14) }).returnValue;
    });
    assert.deepEqual(results, [1, 2, 0], engine);
  }
});

test('a machine says how it runs programs', () => {
  const object = sampleProgram([asm.mov64(r0, 1), asm.exit()]);
  assert.equal(new Machine().load(object).engine, 'generated');
  assert.equal(new Machine().fallback, undefined);
  assert.equal(new Machine({ engine: 'interpreter' }).load(object).engine, 'interpreter');
  assert.throws(() => new Machine({ instructionBudget: 2 ** 31 }), /expected below 2\^31/);
});

test('entries come and go without end in the memory that there is', () => {
  const machine = new Machine();
  const map = machine.createMap({ ...table, valueSize: 1 << 16, maxEntries: 8 }) as Table;
  const value = new Uint8Array(1 << 16);
  const loaded = machine.load(sampleProgram([asm.mov64(r0, 1), asm.exit()]));
  for (let round = 0; round < 40_000; round++) {
    map.update(Uint8Array.of(round & 7, 0, 0, 0), value);
    if (round % 8 === 0) loaded.run({ packet: value.subarray(0, 64) });
  }
});
