/** Whole programs, and functions that others call: they decide as the filter itself does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canUseBpf, loadProgram, testRunTc, testRunXdp } from '@skep/bpf';
import { Machine, type ProgramObject } from '@skep/bytecode';
import { compileProgram, FunctionBuilder } from '@skep/compiler';
import { contextShapes, TcAction, XdpAction } from '@skep/ebpf';
import { makeFrame } from '@skep/wire';
import { compileFilter, type Filter } from '../filter.ts';
import { sampleFrames } from '../testing/frames.ts';
import { runSocketProgram } from '../testing/socket-run.ts';
import { matchingContextFunction, matchingProgram } from './filter-programs.ts';

const filters = [
  '',
  'less 1',
  'tcp port 80',
  'not port 53',
  'vlan 5 and ip6',
  'host fd00::1 or 10.0.0.1',
  'ip[ip[1]] = 0x45',
  'ether[ip[2:2] + 13] = 0x41',
  'not ether[60] = 0x41',
  'not ether[70000] = 0',
  'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn',
  'len > 100 and ether[len - 1] = 0x41',
].map((text) => compileFilter(text));
const frames = sampleFrames();
const noKernel = canUseBpf() ?? false;

const xdp = {
  hook: 'xdp',
  name: 'filter',
  onMatch: XdpAction.Drop,
  onMiss: XdpAction.Pass,
} as const;
const tc = { hook: 'tc', name: 'filter', onMatch: TcAction.Drop, onMiss: TcAction.Next } as const;

/** A TC program that calls the filter's function with its context. */
function callingProgram(filter: Filter): ProgramObject {
  const builder = new FunctionBuilder('calling');
  builder.return(builder.callSubprogram('matches', [builder.context()], false));
  const functions = [builder.finish(), matchingContextFunction(filter, 'matches')];
  const { programType } = contextShapes.TcContext!;
  return compileProgram({ name: 'calling', programType, license: 'GPL', functions });
}

function check(filter: Filter, run: (frame: Uint8Array) => number, match: number, miss: number) {
  for (const frame of frames) {
    const want = filter.matches(frame) ? match : miss;
    assert.equal(run(frame) | 0, want, `${filter.text}: ${Buffer.from(frame).toString('hex')}`);
  }
}

for (const filter of filters) {
  test(`'${filter.text}' as a program of XDP`, () => {
    const object = compileProgram(matchingProgram(filter, xdp), { verifies: true });
    const machine = new Machine().load(object);
    check(filter, (packet) => machine.run({ packet }).returnValue, xdp.onMatch, xdp.onMiss);
    if (noKernel) return;
    const program = loadProgram(object);
    try {
      const run = (packet: Uint8Array): number => testRunXdp(program, { packet }).returnValue;
      check(filter, run, xdp.onMatch, xdp.onMiss);
    } finally {
      program.close();
    }
  });

  test(`'${filter.text}' as a program of TC, whose packets may be in pages`, () => {
    const object = compileProgram(matchingProgram(filter, tc), { verifies: true });
    const machine = new Machine().load(object);
    for (const linearBytes of [0, 14, 40, 10_000]) {
      const run = (packet: Uint8Array): number => {
        return machine.run({ packet, linearBytes: Math.min(linearBytes, packet.length) })
          .returnValue;
      };
      check(filter, run, tc.onMatch, tc.onMiss);
    }
    if (noKernel) return;
    const program = loadProgram(object);
    try {
      const run = (packet: Uint8Array): number => testRunTc(program, { packet }).returnValue;
      check(filter, run, tc.onMatch, tc.onMiss);
    } finally {
      program.close();
    }
  });

  test(`'${filter.text}' as a function of the context`, () => {
    const object = callingProgram(filter);
    const machine = new Machine().load(object);
    check(filter, (packet) => machine.run({ packet, linearBytes: 0 }).returnValue, 1, 0);
    if (noKernel) return;
    const program = loadProgram(object);
    try {
      check(filter, (packet) => testRunTc(program, { packet }).returnValue, 1, 0);
    } finally {
      program.close();
    }
  });

  test(`'${filter.text}' as a program of a socket`, { skip: noKernel }, () => {
    const options = { hook: 'socket', name: 'filter', onMatch: -1, onMiss: 0 } as const;
    const program = loadProgram(compileProgram(matchingProgram(filter, options)));
    try {
      check(filter, (frame) => runSocketProgram(program, frame), -1, 0);
    } finally {
      program.close();
    }
  });
}

test('a program makes only those bytes linear that its filter may read', () => {
  const packet = makeFrame({
    sourceMac: '02:00:00:00:00:01',
    destinationMac: '02:00:00:00:00:02',
    source: '10.0.0.1',
    destination: '10.0.0.2',
    udp: { sourcePort: 1, destinationPort: 53 },
    payload: new Uint8Array(1000),
  });
  const pulls = (text: string, linearBytes: number): number => {
    const object = compileProgram(matchingProgram(compileFilter(text), tc));
    const { helperCalls } = new Machine().load(object).run({ packet, linearBytes });
    return helperCalls.get('skb_pull_data') ?? 0;
  };
  assert.equal(pulls('ip', 14), 0);
  assert.equal(pulls('ip', 13), 1);
  assert.equal(pulls('udp port 53', 78), 0);
  assert.equal(pulls('udp port 53', 77), 1);
});
