/** Loads beside the packet: taken by the kernel, and meaning what they mean in classic programs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canUseBpf, loadProgram, testRunTc } from '@skep/bpf';
import { Machine, type ProgramObject } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import { makeArpFrame } from '@skep/wire';
import { type FilterHook, matchingProgram } from '../lowering/filter-programs.ts';
import { runSocketProgram } from '../testing/socket-run.ts';
import { parseClassic } from './parse-classic.ts';

const noKernel = canUseBpf() ?? false;
const ANCILLARY_OFFSET = 0xffff_f000;
const frame = makeArpFrame({
  senderMac: '02:00:00:00:00:01',
  senderAddress: '10.0.0.1',
  targetAddress: '10.0.0.2',
});

/** A program that takes the packet if the load gives this number. */
function equals(distance: number, value: number, hook: FilterHook): ProgramObject {
  const lines = [`32 0 0 ${ANCILLARY_OFFSET + distance}`, `21 0 1 ${value}`, '6 0 0 1', '6 0 0 0'];
  const program = parseClassic(['4', ...lines].join('\n'));
  return compileProgram(matchingProgram(program, { hook, name: 'classic', onMatch: 1, onMiss: 0 }));
}

const loads = [
  { name: 'proto', distance: 0, field: { protocol: 0x0608 }, value: 0x0806 },
  { name: 'type', distance: 4, field: { packetType: 3 }, value: 3 },
  { name: 'ifidx', distance: 8, field: { ifindex: 7 }, value: 7 },
  { name: 'mark', distance: 20, field: { mark: 9 }, value: 9 },
  { name: 'queue', distance: 24, field: { queueMapping: 2 }, value: 2 },
  { name: 'rxhash', distance: 32, field: { hash: 0x1234 }, value: 0x1234 },
  { name: 'cpu', distance: 36, field: {}, value: 0 },
  { name: 'vlan_tci', distance: 44, field: { vlanTci: 0x6005 }, value: 0x6005 },
  { name: 'vlanp', distance: 48, field: { vlanPresent: 1 }, value: 1 },
  { name: 'random', distance: 56, field: {}, value: null },
  { name: 'vlan_tpid', distance: 60, field: { vlanProtocol: 0xa888 }, value: 0x88a8 },
] as const;

for (const { name, distance, field, value } of loads) {
  test(`[${name}] on the machine`, () => {
    const run = (wanted: number): number => {
      const program = new Machine().load(equals(distance, wanted, 'tc'));
      return program.run({ packet: frame, context: field }).returnValue;
    };
    if (value !== null) assert.equal(run(value), 1);
    assert.equal(run(0xabcdef), 0);
  });

  test(`[${name}] is taken by the kernel, for TC and for sockets`, { skip: noKernel }, () => {
    for (const hook of ['tc', 'socket'] as const) loadProgram(equals(distance, 1, hook)).close();
  });
}

test('[proto] and [mark] in the kernel', { skip: noKernel }, () => {
  const proto = loadProgram(equals(0, 0x0806, 'tc'));
  const mark = loadProgram(equals(20, 9, 'tc'));
  const ofSocket = loadProgram(equals(8, 1, 'socket'));
  try {
    assert.equal(testRunTc(proto, { packet: frame }).returnValue, 1);
    assert.equal(testRunTc(mark, { packet: frame, context: { mark: 9 } }).returnValue, 1);
    assert.equal(testRunTc(mark, { packet: frame }).returnValue, 0);
    // The loopback of this namespace.
    assert.equal(runSocketProgram(ofSocket, frame), 1);
  } finally {
    for (const program of [proto, mark, ofSocket]) program.close();
  }
});
