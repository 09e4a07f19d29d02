import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asm from '../asm/build.ts';
import { type Instruction, r0, r1, r10, r2, r3, r4, r6, r9 } from '../asm/instruction.ts';
import type { MapShape, ProgramObject } from '../object.ts';
import { sampleProgram, TC_TYPE, countingBytes } from '../testing/sample-program.ts';
import { Machine, type MachineOptions, type RunInput, type RunResult } from './machine.ts';
import { Table } from './maps/map.ts';
import { ProgramArrayMap } from './maps/program-array.ts';

const packet = countingBytes(64);

function run(
  instructions: readonly Instruction[],
  more: Partial<ProgramObject> = {},
  input: Partial<RunInput> = {},
  options: MachineOptions = {},
): RunResult {
  // Faults are what these programs are for: the checker would refuse them.
  const machine = new Machine({ checks: false, ...options });
  return machine.load(sampleProgram(instructions, [], more)).run({ packet, ...input });
}

const asTc = { programType: TC_TYPE };
const counters: MapShape = {
  name: 'counters',
  kind: 'array',
  keySize: 4,
  valueSize: 8,
  maxEntries: 4,
  flags: 0,
};

test('a program counts in a map', () => {
  const machine = new Machine({ checks: false });
  const loaded = machine.load(
    sampleProgram(
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
      [counters],
    ),
  );
  assert.equal(loaded.run({ packet }).returnValue, 2);
  const again = loaded.run({ packet });
  assert.deepEqual([...again.helperCalls], [['map_lookup_elem', 1]]);
  assert.equal(again.instructionsExecuted, 10);
  const value = machine.map('counters', Table).lookup(Uint8Array.of(1, 0, 0, 0));
  assert.deepEqual(value, Uint8Array.of(10, 0, 0, 0, 0, 0, 0, 0));
});

test('a packet is read within its bounds, and faults beyond', () => {
  const read = (offset: number) => [
    asm.load(4, r6, r1, 0),
    asm.load(4, r3, r1, 4),
    asm.mov64(r4, r6),
    asm.add64(r4, 14),
    asm.mov64(r0, 0),
    asm.branch('gt', 64, r4, r3, 1),
    asm.load(1, r0, r6, offset),
    asm.exit(),
  ];
  const short = { packet: countingBytes(14) };
  assert.equal(run(read(13), {}, short).returnValue, 13);
  assert.equal(run(read(13), {}, { packet: countingBytes(13) }).returnValue, 0);
  assert.throws(
    () => run(read(14), {}, short),
    /run sample: instruction 6 \(r0 = \*\(u8 \*\)\(r6 \+14\)\): access of 1 bytes at 14 of packet/,
  );
});

test('a fault quotes the source line', () => {
  const lines = [
    { instruction: 0, file: 'drop.ts', line: 3, column: 5, text: '  const x = 1;' },
    { instruction: 1, file: 'drop.ts', line: 4, column: 9, text: '  return entry.count;' },
  ];
  const code = [asm.mov64(r1, 0), asm.load(8, r0, r1, 8), asm.exit()];
  assert.throws(() => run(code, { lines }), /at drop\.ts:4:9: .*\n {4}return entry\.count;$/);
});

/** What the verifier refuses, and what the machine says when it happens. */
const faults: readonly (readonly [string, Instruction[], RegExp])[] = [
  ['null', [asm.mov64(r1, 0), asm.load(4, r0, r1, 0)], /at null, which is no address/],
  [
    'a number as address',
    [asm.mov64(r1, 4711), asm.load(4, r0, r1, 0)],
    /0x1267, which is no addr/,
  ],
  ['stack above its end', [asm.load(8, r0, r10, 0)], /access of 8 bytes at 512 of stack/],
  ['stack below its start', [asm.store(8, r10, -520, 0)], /at -8 of stack, which has 512 bytes/],
  ['half an address', [asm.mov32(r2, r10), asm.load(1, r0, r2, -1)], /which is no address/],
  [
    'context beyond its fields',
    [asm.load(4, r0, r1, 60)],
    /read of 4 bytes at 60 of context.*no such/,
  ],
  ['half of a packet address', [asm.load(2, r0, r1, 0)], /2 bytes at 0 of context .*: expected 4/],
  ['a read-only field', [asm.store(4, r1, 12, 0)], /write of 4 bytes at 12 of context.*read-only/],
  ['packet as atomic', [asm.load(4, r2, r1, 0), asm.atomic('add', 4, r2, 0, r0)], /atomic.*packet/],
  ['unaligned atomic', [asm.mov64(r0, 1), asm.atomic('add', 8, r10, -12, r0)], /unaligned/],
  ['an endless loop', [asm.jump(-1)], /more than 33554432 instructions/],
  ['an argument after a call', [asm.callHelper(5), asm.load(4, r0, r1, 0)], /which is no address/],
  [
    'context as key',
    [asm.mov64(r2, r1), asm.mov64(r1, r10), asm.callHelper(1)],
    /r1 holds no map, expected one/,
  ],
];

for (const [name, instructions, message] of faults) {
  test(`fault: ${name}`, () => {
    assert.throws(() => run([...instructions, asm.exit()]), message);
  });
}

/** What is refused before anything runs. */
const refusals: readonly (readonly [string, Instruction[], RegExp])[] = [
  ['a jump to nowhere', [asm.jump(5), asm.exit()], /slot 6 is no instruction/],
  ['a jump into a constant', [asm.jump(1), asm.loadConstant(r0, 0n), asm.exit()], /slot 2 is no/],
  ['no end', [asm.mov64(r0, 0)], /ends without exit or jump/],
  ['a write to r10', [asm.add64(r10, 8), asm.exit()], /r10 is read-only/],
  ['an unknown helper', [asm.callHelper(4), asm.exit()], /no helper 4 \(probe_read\)/],
  ['a helper of TC', [asm.callHelper(39), asm.exit()], /skb_pull_data is not for xdp/],
  [
    'a kernel function',
    [asm.callKernelFunction(1), asm.exit()],
    /no kernel function without a name/,
  ],
  ['division by 0', [asm.div64(r0, 0), asm.exit()], /division by an immediate zero/],
  ['a shift too far', [asm.shl32(r0, 32), asm.exit()], /shift by 32 of 32 bits/],
  ['a variable', [{ ...asm.loadConstant(r0, 0n), from: 'variable' }, asm.exit()], /no meaning/],
];

for (const [name, instructions, message] of refusals) {
  test(`load refuses ${name}`, () => {
    assert.throws(() => new Machine({ checks: false }).load(sampleProgram(instructions)), message);
  });
}

test('load refuses a program type that the machine does not run', () => {
  const object = sampleProgram([asm.exit()], [], { programType: 13 });
  assert.throws(() => new Machine().load(object), /type 13, expected 3 \(TC\) or 6 \(XDP\)/);
});

test('a subprogram has its own stack, and keeps r6 to r9 of its caller', () => {
  const result = run([
    asm.mov64(r9, 40),
    asm.store(8, r10, -8, 1),
    asm.mov64(r1, 2),
    asm.callSubprogram(3),
    asm.add64(r0, r9),
    asm.load(8, r1, r10, -8),
    asm.exit(),
    asm.mov64(r9, 7),
    asm.store(8, r10, -8, 9),
    asm.mov64(r0, r1),
    asm.exit(),
  ]);
  assert.equal(result.returnValue, 42);
});

test('the stack of a subprogram is gone when it has returned', () => {
  const code = [
    asm.callSubprogram(2),
    asm.load(8, r0, r0, -8),
    asm.exit(),
    asm.mov64(r0, r10),
    asm.exit(),
  ];
  assert.throws(() => run(code), /of stack: the subprogram whose stack it was has returned/);
});

test('calls nest eight frames deep at most', () => {
  assert.throws(() => run([asm.callSubprogram(-1), asm.exit()]), /call 8 frames deep/);
});

test('may_goto leaves a loop in the end', () => {
  const loop = [asm.mov64(r0, 1), asm.mayGoto(1), asm.jump(-2), asm.exit()];
  const result = run(loop, {}, {}, { instructionBudget: 20_000_000 });
  assert.equal(result.instructionsExecuted, 1 + 2 * 8_388_608 + 2);
});

test('a loop that the kernel runs in a moment is within the budget', () => {
  const turns = 10_000_000;
  const loop = [
    asm.mov64(r0, 0),
    asm.add64(r0, 1),
    asm.branch('lt', 64, r0, turns, -2),
    asm.exit(),
  ];
  for (const engine of ['interpreter', 'generated'] as const) {
    assert.equal(run(loop, {}, {}, { engine }).returnValue, turns);
  }
});

test('the context is read and written by the names of its fields', () => {
  const code = [
    asm.load(4, r0, r1, 8),
    asm.add64(r0, 1),
    asm.store(4, r1, 8, r0),
    asm.store(4, r1, 48, 77),
    asm.load(2, r0, r1, 16),
    asm.exit(),
  ];
  const context = { mark: 0xffff_fffe, protocol: 0x0008, ifindex: 3 };
  const result = run(code, asTc, { context });
  assert.equal(result.returnValue, 8);
  assert.equal(result.context.mark, 0xffff_ffff);
  assert.equal(result.context.cb0, 77);
  assert.equal(result.context.length, 64);
  assert.equal(result.context.ifindex, 3);
  assert.throws(() => run(code, asTc, { context: { colour: 1 } }), /context field colour/);
});

test('the return value is signed: TC_ACT_UNSPEC is -1', () => {
  assert.equal(run([asm.mov32(r0, -1), asm.exit()], asTc).returnValue, -1);
});

test('a redirect counts only when it is returned', () => {
  const redirect = (helper: number, after: Instruction[]) => [
    asm.mov64(r1, 7),
    asm.mov64(r2, 0),
    asm.callHelper(helper),
    ...after,
    asm.exit(),
  ];
  const target = { ifindex: 7, flags: 0n };
  const { redirect: plain, returnValue } = run(redirect(23, []), asTc);
  assert.deepEqual({ ...plain }, { kind: 'redirect', ...target });
  assert.equal(returnValue, 7);
  assert.deepEqual(run(redirect(155, []), asTc).redirect, { kind: 'peer', ...target });
  assert.equal(run(redirect(23, [])).returnValue, 4);
  assert.equal(run(redirect(23, [asm.mov64(r0, 2)]), asTc).redirect, undefined);
});

const programs: MapShape = { ...counters, name: 'programs', kind: 'programArray', valueSize: 4 };

function tailCallTo(index: number): Instruction[] {
  return [asm.loadMap(r2), asm.mov64(r3, index), asm.callHelper(12)];
}

test('a tail call does not return, unless the slot is empty', () => {
  const machine = new Machine({ checks: false });
  const end = [asm.mov64(r0, 1), asm.exit()];
  const caller = machine.load(sampleProgram([...tailCallTo(2), ...end], [programs]));
  assert.equal(caller.run({ packet }).returnValue, 1);
  const array = machine.map('programs', ProgramArrayMap);
  array.set(2, machine.load(sampleProgram([asm.load(4, r0, r1, 0), asm.mov64(r0, 9), asm.exit()])));
  assert.equal(caller.run({ packet }).returnValue, 9);
  assert.throws(() => array.set(4, caller), /index 4, expected 0 to 3: E2BIG/);
  const other = machine.load(sampleProgram([asm.exit()], [], asTc));
  assert.throws(() => array.set(0, other), /program type 3, expected 6: EINVAL/);
});

test('the 34th tail call falls through', () => {
  const machine = new Machine({ checks: false });
  const increment = [
    asm.mov64(r6, r1),
    asm.load(4, r2, r1, 0),
    asm.load(1, r3, r2, 0),
    asm.add64(r3, 1),
    asm.store(1, r2, 0, r3),
    ...tailCallTo(0),
    asm.mov64(r0, 1),
    asm.exit(),
  ];
  const loaded = machine.load(sampleProgram(increment, [programs]));
  machine.map('programs', ProgramArrayMap).set(0, loaded);
  assert.equal(loaded.run({ packet }).packet[0], 34);
});

test('a tail call out of a subprogram returns to the caller of the subprogram', () => {
  const machine = new Machine({ checks: false });
  const code = [
    asm.mov64(r9, 30),
    asm.callSubprogram(2),
    asm.add64(r0, r9),
    asm.exit(),
    ...tailCallTo(0),
    asm.mov64(r0, 1),
    asm.exit(),
  ];
  const caller = machine.load(sampleProgram(code, [programs]));
  const target = machine.load(sampleProgram([asm.mov64(r9, 0), asm.mov64(r0, 12), asm.exit()]));
  machine.map('programs', ProgramArrayMap).set(0, target);
  assert.equal(caller.run({ packet }).returnValue, 42);
});

test('equal machines run equally: clock, chance and ticks are given', () => {
  const ask = (helper: number) => [asm.callHelper(helper), asm.exit()];
  assert.equal(run(ask(5), {}, {}, { clock: () => 77n }).returnValue, 77);
  assert.equal(run(ask(118), {}, {}, { clock: () => 2_000_000_000n }).returnValue, 500);
  const one = run(ask(7), {}, {}, { seed: 5 }).returnValue;
  assert.equal(run(ask(7), {}, {}, { seed: 5 }).returnValue, one);
  assert.notEqual(run(ask(7), {}, {}, { seed: 6 }).returnValue, one);
  assert.equal(run(ask(8), {}, { cpu: 3 }, { cpus: 4 }).returnValue, 3);
  assert.throws(() => run(ask(8), {}, { cpu: 4 }, { cpus: 4 }), /cpu 4, expected below 4/);
});

test('two programs must agree on the shape of a map', () => {
  const machine = new Machine({ checks: false });
  machine.createMap(counters);
  assert.equal(machine.createMap({ ...counters }), machine.map('counters', Table));
  assert.throws(
    () => machine.createMap({ ...counters, valueSize: 4 }),
    /create map counters: valueSize 4, but it exists with 8/,
  );
  assert.throws(() => machine.map('counters', ProgramArrayMap), /expected ProgramArrayMap: it is/);
  assert.throws(() => machine.map('other', Table), /there is none of this name/);
});
