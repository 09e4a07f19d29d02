/** Turns of one run, and what results keep; on both engines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asm from '../asm/build.ts';
import { type Instruction, r0, r1, r10, r2, r3, r4, r6 } from '../asm/instruction.ts';
import { countingBytes, sampleProgram, TC_TYPE } from '../testing/sample-program.ts';
import { type LoadedProgram, Machine, MachineFault } from '../index.ts';
import { ProgramArrayMap } from './maps/program-array.ts';

const engines = ['generated', 'interpreter'] as const;
const MARK = 8;
const DATA = 76;
const packet = countingBytes(64);

/** The program on each engine. */
function onBoth(instructions: readonly Instruction[], each: (loaded: LoadedProgram) => void): void {
  for (const engine of engines) {
    const machine = new Machine({ engine, checks: false });
    const loaded = machine.load(sampleProgram(instructions, [], { programType: TC_TYPE }));
    assert.equal(loaded.engine, engine);
    each(loaded);
  }
}

/** Adds 1 to the packet's first byte and to the mark, returns the byte. */
const counting = [
  asm.mov64(r6, r1),
  asm.load(4, r2, r6, DATA),
  asm.load(1, r0, r2, 0),
  asm.add64(r0, 1),
  asm.store(1, r2, 0, r0),
  asm.load(4, r3, r6, MARK),
  asm.add64(r3, 1),
  asm.store(4, r6, MARK, r3),
  asm.exit(),
];

test('each turn begins with what the last one left of packet and context', () => {
  onBoth(counting, (loaded) => {
    const result = loaded.run({ packet, context: { mark: 10 }, repeat: 3 });
    assert.equal(result.returnValue, 3);
    assert.equal(result.packet[0], 3);
    assert.equal(result.context.mark, 13);
    assert.equal(result.instructionsExecuted, 3 * counting.length);
    assert.ok(result.durationNanoseconds! > 0);
    assert.equal(packet[0], 0);
  });
});

test('no number of turns is one turn, and only who asks is told the time', () => {
  onBoth(counting, (loaded) => {
    assert.equal(loaded.run({ packet, repeat: 0 }).returnValue, 1);
    assert.equal(loaded.run({ packet }).durationNanoseconds, undefined);
  });
});

test('a turn begins with fresh registers and a fresh stack', () => {
  const program = [
    asm.load(8, r0, r10, -8),
    asm.add64(r0, r6),
    asm.mov64(r6, 1),
    asm.store(8, r10, -8, 7),
    asm.exit(),
  ];
  onBoth(program, (loaded) => {
    assert.equal(loaded.run({ packet, repeat: 2 }).returnValue, 0xa5a5a5a5 | 0);
  });
});

test('helpers are counted over all turns, and a redirect is that of the last', () => {
  const program = [
    asm.load(4, r1, r1, MARK),
    asm.mov64(r2, 0),
    asm.callHelper(23), // redirect
    asm.exit(),
  ];
  onBoth(program, (loaded) => {
    const result = loaded.run({ packet, context: { mark: 9 }, repeat: 4 });
    assert.deepEqual([...result.helperCalls], [['redirect', 4]]);
    assert.equal(result.redirect?.ifindex, 9);
  });
});

test('pointers into a packet that moved end with the turn', () => {
  const program = [
    asm.mov64(r6, r1),
    asm.mov64(r2, 64),
    asm.callHelper(39), // skb_pull_data
    asm.load(4, r2, r6, DATA),
    asm.load(1, r0, r2, 5),
    asm.exit(),
  ];
  onBoth(program, (loaded) => {
    assert.equal(loaded.run({ packet, repeat: 3 }).returnValue, 5);
  });
});

test('a fault in a later turn ends the run', () => {
  const program = [
    asm.load(4, r2, r1, MARK),
    asm.add64(r2, 1),
    asm.store(4, r1, MARK, r2),
    asm.branch('lt', 64, r2, 3, 1),
    asm.load(1, r0, r0, 0),
    asm.exit(),
  ];
  onBoth(program, (loaded) => {
    assert.equal(loaded.run({ packet, repeat: 2 }).context.mark, 2);
    assert.throws(() => loaded.run({ packet, repeat: 3 }), MachineFault);
    assert.equal(loaded.run({ packet }).context.mark, 1);
  });
});

test('a result stays what it was, whatever runs after it', () => {
  onBoth(counting, (loaded) => {
    for (const length of [14, 61, 256, 257, 1500]) {
      const given = countingBytes(length);
      const result = loaded.run({ packet: given, context: { mark: 0xffff_fff0 } });
      loaded.run({ packet: new Uint8Array(1500).fill(99), context: { mark: 5 } });
      assert.deepEqual(result.packet, Uint8Array.of(1, ...given.subarray(1)));
      assert.equal(result.context.mark, 0xffff_fff1);
      assert.equal(result.packet, result.packet);
    }
  });
});

test('a packet whose start has moved by a few bytes is given back whole', () => {
  const program = [asm.mov64(r2, 3), asm.callHelper(44), asm.exit()]; // xdp_adjust_head
  for (const engine of engines) {
    const loaded = new Machine({ engine }).load(sampleProgram(program));
    assert.deepEqual(loaded.run({ packet }).packet, packet.subarray(3));
  }
});

const programs = {
  ...({ name: 'programs', kind: 'programArray', keySize: 4, valueSize: 4 } as const),
  ...{ maxEntries: 1, flags: 0 },
};

test('what follows an instruction that generated code leaves to the interpreter', () => {
  const first = [
    asm.store(8, r10, -8, 7),
    asm.loadConstant(r3, 1n),
    asm.mov64(r4, r1),
    asm.add64(r4, r3),
    asm.add64(r4, -1),
    // Generated code does not know this for the context.
    asm.load(4, r0, r4, MARK),
    asm.loadMap(r2, 0),
    asm.mov64(r3, 0),
    asm.callHelper(12), // tail_call
    asm.exit(),
  ];
  const second = [asm.load(8, r0, r10, -8), asm.exit()];
  const results = engines.map((engine) => {
    const machine = new Machine({ engine, checks: false });
    const asTc = { programType: TC_TYPE };
    const entry = machine.load(sampleProgram(first, [programs], asTc));
    machine.map('programs', ProgramArrayMap).set(0, machine.load(sampleProgram(second, [], asTc)));
    const { returnValue, instructionsExecuted } = entry.run({ packet, context: { mark: 3 } });
    return { returnValue, instructionsExecuted };
  });
  assert.deepEqual(results[0], { returnValue: 0xa5a5a5a5 | 0, instructionsExecuted: 11 });
  assert.deepEqual(results[0], results[1]);
});
