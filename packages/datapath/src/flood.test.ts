/**
 * What strangers can fill: newcomers, the event buffer, fragments. Connections outlive all of it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { DropReason, FRAGMENTED_DATAGRAMS_MAX, NEWCOMERS_MAX } from '@skep/contract';
import { TcAction } from '@skep/ebpf';
import { TcpFlag } from '@skep/wire';
import { connections, lostEvents } from './maps.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { observe } from './trial/observe.ts';
import { annaGets, annaSends, arriving, sent, tcp, udp } from './trial/packet-case.ts';
import { type ProgramEngine, runHook } from './trial/program-engine.ts';
import { runCase } from './trial/run-case.ts';
import { ANNA, setUp, WORLD_ADDRESS } from './trial/world.ts';

const { SYN, ACK } = TcpFlag;
const skip = canUseBpf() ?? false;
const IDENTIFICATION_AT = 18;
const SOURCE_PORT_AT = 34;

function withWord(frame: Uint8Array, at: number, value: number): Uint8Array {
  new DataView(frame.buffer, frame.byteOffset).setUint16(at, value);
  return frame;
}

/** Over all CPUs. */
function lost(engine: ProgramEngine): number {
  const [entry] = engine.entries(lostEvents);
  const view = new DataView(entry!.value.buffer, entry!.value.byteOffset, entry!.value.length);
  let sum = 0n;
  for (let at = 0; at < view.byteLength; at += 8) sum += view.getBigUint64(at, true);
  return Number(sum);
}

test('a flood of new flows evicts no connection, lost events are counted', { skip }, (context) => {
  const engine = new KernelEngine();
  context.after(() => engine.close());
  const out = (flags: number) => sent(ANNA, WORLD_ADDRESS, tcp(40_000, 80, flags));
  const answer = arriving(WORLD_ADDRESS, ANNA, tcp(80, 40_000, SYN | ACK));
  const steps = [
    annaSends(out(SYN), 'pass'),
    annaGets(answer, 'pass'),
    annaSends(out(ACK), 'pass'),
  ] as const;
  const after = ['known TCP 10.0.0.1:40000 > 192.0.2.7:80 2+1, answered'];
  runCase(engine, { sentence: 'a connection', steps, after });
  assert.equal(engine.entries(connections).length, 1);
  engine.takeEvents();

  const frames = [53, 54].map((port) => sent(ANNA, WORLD_ADDRESS, udp(1, port)));
  const flows = NEWCOMERS_MAX + 20_000;
  for (let index = 0; index < flows; index++) {
    const frame = frames[index >> 16]!;
    const result = runHook(engine, 'from', withWord(frame, SOURCE_PORT_AT, index & 0xffff));
    assert.equal(result.action, TcAction.Pass);
  }
  assert.equal(engine.takeEvents().length + lost(engine), flows);
  assert.ok(lost(engine) > 0);
  assert.equal(observe(engine, 'from', ANNA, out(ACK)).action, TcAction.Pass);
  assert.equal(engine.entries(connections).length, 1);
});

test('a flood of fragments drops only later fragments', { skip }, (context) => {
  const engine = new KernelEngine();
  context.after(() => engine.close());
  const first = sent(ANNA, WORLD_ADDRESS, { ...udp(1, 53), moreFragments: true });
  const payload = new Uint8Array(16);
  const later = sent(ANNA, WORLD_ADDRESS, { ...udp(1, 53), payload, fragmentOffset: 16 });
  setUp(engine);
  // No later fragment and no look at the table yet: what was looked up is held by the kernel's LRU.
  assert.equal(observe(engine, 'from', ANNA, first).action, TcAction.Pass);
  for (let index = 1; index < FRAGMENTED_DATAGRAMS_MAX * 3; index++) {
    const { action } = runHook(engine, 'from', withWord(first.slice(), IDENTIFICATION_AT, index));
    assert.equal(action, TcAction.Pass);
  }
  const { reasons } = observe(engine, 'from', ANNA, later);
  assert.deepEqual(reasons, [DropReason.FirstFragmentNotFound]);
  const whole = sent(ANNA, WORLD_ADDRESS, udp(1, 53));
  assert.equal(observe(engine, 'from', ANNA, whole).action, TcAction.Pass);
});
