import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asm from '../../asm/build.ts';
import {
  type Instruction,
  type Operand,
  type Register,
  r0,
  r1,
  r10,
  r2,
  r3,
  r6,
  r7,
  registers,
} from '../../asm/instruction.ts';
import type { MapShape, ProgramObject } from '../../object.ts';
import { countingBytes, sampleProgram, TC_TYPE } from '../../testing/sample-program.ts';
import { Machine, type MachineOptions, type RunInput, type RunResult } from '../machine.ts';
import { RingBufferMap } from '../maps/ring-buffer.ts';

const asTc = { programType: TC_TYPE };

/** Calls a helper; r6 keeps the context. */
function call(helper: number, ...given: Operand[]): Instruction[] {
  const moves = given.map((operand, index) => asm.mov64(registers[index + 1]!, operand));
  return [...moves, asm.callHelper(helper)];
}

function run(
  body: readonly Instruction[],
  more: Partial<ProgramObject> = asTc,
  input: Partial<RunInput> = {},
  options: MachineOptions = {},
): RunResult {
  const object = sampleProgram([asm.mov64(r6, r1), ...body, asm.exit()], [], more);
  const results = (['interpreter', 'generated'] as const).map((engine) =>
    new Machine({ checks: false, ...options, engine })
      .load(object)
      .run({ packet: countingBytes(64), ...input }),
  );
  const [one, other] = results.map(({ returnValue, packet, redirect, context }) => {
    return { returnValue, packet, redirect, context };
  });
  assert.deepEqual(other, one);
  return results[1]!;
}

/** The address of stack at an offset, in a register. */
function stackAt(register: Register, offset: number): Instruction[] {
  return [asm.mov64(register, r10), asm.add64(register, offset)];
}

test('skb_load_bytes reads what is paged, and clears the buffer where it fails', () => {
  const load = (offset: number) => [
    asm.store(8, r10, -8, -1),
    ...stackAt(r3, -8),
    asm.mov64(r1, r6),
    asm.mov64(r2, offset),
    asm.mov64(registers[4]!, 4),
    asm.callHelper(26),
    asm.mov64(r7, r0),
    asm.load(4, r0, r10, -8),
    asm.branch('eq', 64, r7, 0, 1),
    asm.mov64(r0, r7),
  ];
  assert.equal(run(load(50), asTc, { linearBytes: 20 }).returnValue, 0x35343332);
  assert.equal(run(load(61)).returnValue, -14);
});

test('skb_store_bytes writes, and takes the packet pointers away', () => {
  const store = [
    asm.load(4, r7, r6, 76),
    asm.store(4, r10, -4, 0x01020304),
    ...stackAt(r3, -4),
    asm.mov64(r1, r6),
    asm.mov64(r2, 30),
    asm.mov64(registers[4]!, 4),
    asm.mov64(registers[5]!, 0),
    asm.callHelper(9),
  ];
  const { packet, returnValue } = run(store);
  assert.equal(returnValue, 0);
  assert.deepEqual(packet.slice(29, 35), Uint8Array.of(29, 4, 3, 2, 1, 34));
  assert.throws(
    () => run([...store, asm.load(1, r0, r7, 0)]),
    /of packet: the pointer was taken before skb_store_bytes, which moves the packet/,
  );
});

test('skb_pull_data makes paged bytes reachable', () => {
  const read = [asm.load(4, r7, r6, 76), asm.load(1, r0, r7, 40)];
  const paged = { linearBytes: 20 };
  assert.throws(() => run(read, asTc, paged), /at 40 of packet, which has 20 bytes/);
  assert.equal(run([...call(39, r6, 41), ...read], asTc, paged).returnValue, 40);
  assert.equal(run(call(39, r6, 65)).returnValue, -12);
});

test('skb_change_tail cuts and grows, and the length follows', () => {
  const change = (length: number) => [...call(38, r6, length, 0), asm.load(4, r0, r6, 0)];
  assert.deepEqual(run(change(20)).packet, countingBytes(20));
  assert.equal(run(change(20)).returnValue, 20);
  const grown = run(change(1500));
  assert.equal(grown.packet.length, 1500);
  assert.deepEqual(grown.packet.slice(60, 68), Uint8Array.of(60, 61, 62, 63, 0, 0, 0, 0));
  assert.equal(run(call(38, r6, 8, 0)).returnValue, -22);
  assert.equal(run(call(38, r6, 16_065, 0)).returnValue, -22);
  assert.equal(run(call(38, r6, 20, 1)).returnValue, -22);
});

test('skb_change_type changes between the types of reception', () => {
  const host = run([...call(32, r6, 0)], asTc, { context: { packetType: 3 } });
  assert.equal(host.context.packetType, 0);
  assert.equal(run(call(32, r6, 4)).returnValue, -22);
});

test('xdp_adjust_head moves the start both ways', () => {
  const shrunk = run(call(44, r6, 14), {});
  assert.deepEqual(shrunk.packet, countingBytes(64).slice(14));
  const grown = run(call(44, r6, -20), {});
  assert.equal(grown.packet.length, 84);
  assert.equal(run(call(44, r6, -300), {}).returnValue, -22);
  assert.equal(run(call(44, r6, 51), {}).returnValue, -22);
});

test('xdp_adjust_tail moves the end both ways', () => {
  assert.deepEqual(run(call(65, r6, -44), {}).packet, countingBytes(20));
  assert.equal(run(call(65, r6, 10), {}).packet.at(-1), 0);
  assert.equal(run(call(65, r6, -60), {}).returnValue, -22);
  assert.equal(run(call(65, r6, 5000), {}).returnValue, -22);
});

test('xdp_adjust_meta makes room for metadata', () => {
  const write = [...call(54, r6, -8), asm.load(4, r1, r6, 8), asm.load(4, r2, r6, 0)];
  const length = run([...write, asm.sub64(r2, r1), asm.mov64(r0, r2)], {});
  assert.equal(length.returnValue, 8);
  assert.deepEqual(length.packet, countingBytes(64), 'metadata is no part of the packet');
  assert.equal(run(call(54, r6, -6), {}).returnValue, -13);
  assert.equal(run(call(54, r6, 4), {}).returnValue, -22);
});

/** One's complement checksum of big-endian halves, as RFC 1071 writes it. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function ipv4Header(): Uint8Array {
  const header = countingBytes(20).map((byte) => (byte * 37) & 0xff);
  header.fill(0, 10, 12);
  new DataView(header.buffer).setUint16(10, checksum(header));
  return header;
}

test('l3_csum_replace keeps the checksum right', () => {
  const header = ipv4Header();
  const view = new DataView(header.buffer);
  for (const [size, at] of [
    [2, 4],
    [4, 12],
  ] as const) {
    const from = size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
    const to = size === 2 ? 0xabcd : 0x1badcafe;
    const loads = [asm.loadConstant(r3, BigInt(from)), asm.loadConstant(registers[4]!, BigInt(to))];
    const arguments_ = [asm.mov64(r1, r6), asm.mov64(r2, 10), asm.mov64(registers[5]!, size)];
    const result = run([...arguments_, ...loads, asm.callHelper(10)], asTc, { packet: header });
    assert.equal(result.returnValue, 0);
    const changed = result.packet;
    for (let byte = 0; byte < size; byte++) changed[at + byte] = to >>> (byte * 8);
    assert.equal(checksum(changed), 0, `after a change of ${size} bytes`);
  }
});

test('a checksum that is no offset, or a size that is none, is refused', () => {
  const replace = (offset: number, flags: number) => run(call(10, r6, offset, 1, 2, flags));
  assert.equal(replace(11, 2).returnValue, -14);
  assert.equal(replace(64, 2).returnValue, -14);
  assert.equal(replace(10, 3).returnValue, -22);
  assert.equal(replace(10, 0x10).returnValue, -22);
  assert.equal(replace(10, 0).returnValue, -22);
});

test('l4_csum_replace leaves an absent UDP checksum absent, and never makes one', () => {
  const packet = new Uint8Array(64);
  const mangled = 0x20;
  const absent = run(call(11, r6, 40, 1, 2, 2 | mangled), asTc, { packet });
  assert.deepEqual(absent.packet, packet);
  const one = packet.slice();
  one[40] = 1;
  // 0x0001 loses 1: ~(~1 + ~1 + 2) is 0, which on the wire would mean none.
  const never = run(call(11, r6, 40, 1, 2, 2 | mangled), asTc, { packet: one });
  assert.deepEqual(never.packet.slice(40, 42), Uint8Array.of(0xff, 0xff));
  const plain = run(call(11, r6, 40, 1, 2, 2), asTc, { packet: one });
  assert.deepEqual(plain.packet.slice(40, 42), Uint8Array.of(0, 0));
});

test('csum_diff is the difference of two sums', () => {
  const difference = [
    asm.store(4, r10, -8, 0x00010002),
    asm.store(4, r10, -4, 0x00030005),
    ...stackAt(r1, -8),
    asm.mov64(r2, 4),
    ...stackAt(r3, -4),
    asm.mov64(registers[4]!, 4),
    asm.mov64(registers[5]!, 100),
    asm.callHelper(28),
  ];
  assert.equal(run(difference).returnValue, 100 + (3 + 5) - (1 + 2));
  assert.equal(run([...stackAt(r1, -8), ...call(28, r1, 3, r10, 0, 0)]).returnValue, -22);
});

const events: MapShape = {
  name: 'events',
  kind: 'ringBuffer',
  keySize: 0,
  valueSize: 0,
  maxEntries: 4096,
  flags: 0,
};

function runWithEvents(body: readonly Instruction[]): RingBufferMap {
  const machine = new Machine({ checks: false });
  const object = sampleProgram([...body, asm.mov64(r0, 0), asm.exit()], [events]);
  machine.load(object).run({ packet: new Uint8Array(64) });
  return machine.map('events', RingBufferMap);
}

const reserve = [asm.loadMap(r1), asm.mov64(r2, 8), asm.mov64(r3, 0), asm.callHelper(131)];
const found = asm.branch('ne', 64, r0, 0, 1);

test('a record is reserved, written and submitted', () => {
  const write = [found, asm.exit(), asm.store(8, r0, 0, 77), asm.mov64(r1, r0), asm.mov64(r2, 0)];
  const map = runWithEvents([...reserve, ...write, asm.callHelper(132)]);
  assert.deepEqual(map.read(), [Uint8Array.of(77, 0, 0, 0, 0, 0, 0, 0)]);
  const dropped = runWithEvents([...reserve, ...write, asm.callHelper(133)]);
  assert.deepEqual(dropped.read(), []);
});

test('a record may not be written after it was submitted, nor left behind', () => {
  const submit = [asm.mov64(r6, r0), asm.mov64(r1, r0), asm.mov64(r2, 0), asm.callHelper(132)];
  assert.throws(
    () => runWithEvents([...reserve, ...submit, asm.store(8, r6, 0, 1)]),
    /at 0 of record of events: it was submitted/,
  );
  assert.throws(() => runWithEvents(reserve), /record of events neither submitted nor discarded/);
});

test('output copies one record', () => {
  const output = [
    asm.store(4, r10, -4, 5),
    asm.loadMap(r1),
    ...stackAt(r2, -4),
    asm.mov64(r3, 4),
    asm.mov64(registers[4]!, 0),
    asm.callHelper(130),
  ];
  assert.deepEqual(runWithEvents(output).read(), [Uint8Array.of(5, 0, 0, 0)]);
});

test('fib_lookup is answered from outside, and is a fault where nobody answers', () => {
  const ask = [...stackAt(r7, -64), ...call(69, r6, r7, 64, 3)];
  const fibLookup = (parameters: Uint8Array, flags: number) => {
    parameters[0] = 9;
    return flags + 1;
  };
  const read = [asm.load(1, r3, r10, -64), asm.add64(r0, r3)];
  assert.equal(run([...ask, ...read], asTc, {}, { fibLookup }).returnValue, 13);
  assert.throws(() => run(ask), /this machine has no routes/);
});

test('redirect_neigh takes a next hop', () => {
  const ask = [asm.store(4, r10, -20, 2), ...stackAt(r7, -20), ...call(152, 4, r7, 20, 0)];
  const { redirect } = run(ask);
  assert.equal(redirect?.kind, 'neighbour');
  assert.equal(redirect?.ifindex, 4);
  assert.equal(redirect?.nextHop?.[0], 2);
  assert.equal(run(call(152, 4, 0, 0, 0)).redirect?.nextHop, undefined);
  assert.equal(run(call(152, 4, 0, 0, 1)).returnValue, 2);
});

/** Calls a kernel function by name, of the iterator at r10 - 8. */
function loopProgram(body: readonly Instruction[], names: readonly string[]): ProgramObject {
  const object = sampleProgram([...body, asm.exit()], [], asTc);
  let slot = 0;
  const calls: number[] = [];
  for (const each of body) {
    if (each.kind === 'call' && each.target === 'kernelFunction') calls.push(slot);
    slot += each.kind === 'loadConstant' ? 2 : 1;
  }
  const kernelFunctions = names.map((name, index) => ({ instruction: calls[index]!, name }));
  return { ...object, kernelFunctions };
}

test('the number iterator gives each number, then null', () => {
  const next = [...stackAt(r1, -8), asm.callKernelFunction(0)];
  const body = [
    ...stackAt(r1, -8),
    asm.mov64(r2, 3),
    asm.mov64(r3, 5),
    asm.callKernelFunction(0),
    asm.mov64(r6, 0),
    ...next,
    asm.branch('eq', 64, r0, 0, 3),
    asm.load(4, r7, r0, 0),
    asm.add64(r6, r7),
    asm.jump(-7),
    ...next,
    asm.mov64(r0, r6),
  ];
  const names = ['bpf_iter_num_new', 'bpf_iter_num_next', 'bpf_iter_num_destroy'];
  const run = new Machine().load(loopProgram(body, names)).run({ packet: countingBytes(64) });
  assert.equal(run.returnValue, 3 + 4);
  assert.throws(
    () => new Machine().load(loopProgram(body, ['bpf_new', ...names])),
    /the machine has no kernel function bpf_new/,
  );
});

test('bpf_loop calls a subprogram for each turn, until it returns 1', () => {
  // The subprogram adds its turn to the word that it is given, and ends in turn 3.
  const callback = [
    asm.load(8, r0, r2, 0),
    asm.add64(r0, r1),
    asm.store(8, r2, 0, r0),
    asm.mov64(r0, 0),
    asm.branch('ne', 64, r1, 3, 1),
    asm.mov64(r0, 1),
    asm.exit(),
  ];
  const loop = (turns: number): Instruction[] => [
    asm.store(8, r10, -8, 0),
    asm.mov64(r1, turns),
    asm.loadCode(r2, 9),
    ...stackAt(r3, -8),
    asm.mov64(registers[4]!, 0),
    asm.callHelper(181),
    asm.load(8, r7, r10, -8),
    asm.mul64(r7, 100),
    asm.add64(r0, r7),
    asm.exit(),
    ...callback.slice(0, -1),
  ];
  assert.equal(run(loop(3)).returnValue, (0 + 1 + 2) * 100 + 3);
  assert.equal(run(loop(1000)).returnValue, (0 + 1 + 2 + 3) * 100 + 4);
  assert.equal(run(loop((1 << 23) + 1)).returnValue, -7);
});
