/**
 * What strangers can fill: newcomers, the event buffer, fragments. Connections outlive all of it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import {
  DropReason,
  FRAGMENTED_DATAGRAMS_MAX,
  NEW_TRANSLATIONS_MAX,
  NEWCOMERS_MAX,
  NewcomerQueue,
} from '@skep/contract';
import { codecOf, TcAction } from '@skep/ebpf';
import { PolicyProtocol } from '@skep/policy';
import { TcpFlag } from '@skep/wire';
import { connections, lostEvents, newcomerQueue } from './maps.ts';
import { emptyNewcomerQueue } from './newcomer-queue.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { observe } from './trial/observe.ts';
import {
  annaGets,
  annaSends,
  arriving,
  leaving,
  returning,
  sent,
  tcp,
  udp,
} from './trial/packet-case.ts';
import { type ProgramEngine, runHook } from './trial/program-engine.ts';
import { runCase } from './trial/run-case.ts';
import {
  ANNA,
  BERT,
  moveTo,
  OPEN_POLICY,
  setPolicy,
  setUp,
  setUpUplink,
  UPLINK_ADDRESS,
  WORLD_ADDRESS,
  WORLD_GROUP,
} from './trial/world.ts';

const { SYN, ACK } = TcpFlag;
const skip = canUseBpf() ?? false;
const FIRST_ROW = new Uint8Array(4);
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

/** The endpoint at hand begins so many flows. */
function begin(engine: ProgramEngine, flows: number, firstPort = 0): void {
  const frames = [53, 54].map((port) => sent(ANNA, WORLD_ADDRESS, udp(1, port)));
  for (let index = firstPort; index < firstPort + flows; index++) {
    const frame = frames[index >> 16]!;
    const result = runHook(engine, 'from', withWord(frame, SOURCE_PORT_AT, index & 0xffff));
    assert.equal(result.action, TcAction.Pass);
  }
}

/** How many newcomers have ever come. */
function comers(engine: ProgramEngine): number {
  const row = engine.lookup(newcomerQueue, FIRST_ROW);
  return codecOf(NewcomerQueue).decode(row!).next;
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

  const flows = NEWCOMERS_MAX + 20_000;
  begin(engine, flows);
  assert.equal(engine.takeEvents().length + lost(engine), flows);
  assert.ok(lost(engine) > 0);
  assert.equal(observe(engine, 'from', ANNA, out(ACK)).action, TcAction.Pass);
  assert.equal(engine.entries(connections).length, 1);
});

test('a newcomer outlasts half a queue of others, and not a whole one', { skip }, (context) => {
  const engine = new KernelEngine();
  context.after(() => engine.close());
  setUp(engine);
  const question = sent(ANNA, WORLD_ADDRESS, tcp(40_000, 80, SYN));
  const answer = arriving(WORLD_ADDRESS, ANNA, tcp(80, 40_000, SYN | ACK));
  assert.equal(observe(engine, 'from', ANNA, question).action, TcAction.Pass);
  begin(engine, NEWCOMERS_MAX / 2);
  assert.equal(observe(engine, 'to', ANNA, answer).action, TcAction.Pass);
  moveTo(engine, ANNA);
  begin(engine, NEWCOMERS_MAX / 2, NEWCOMERS_MAX / 2);
  const { reasons } = observe(engine, 'to', ANNA, answer);
  assert.deepEqual(reasons, [DropReason.UnknownConnectionState]);
  assert.equal(observe(engine, 'from', ANNA, question).action, TcAction.Pass);
  assert.equal(observe(engine, 'to', ANNA, answer).action, TcAction.Pass);
});

test('who has not heard the answer fills no place among connections', () => {
  const engine = new MachineEngine();
  setUp(engine);
  const syn = arriving(WORLD_ADDRESS, ANNA, tcp(40_000, 80, SYN));
  const synAck = sent(ANNA, WORLD_ADDRESS, {
    tcp: { sourcePort: 80, destinationPort: 40_000, flags: SYN | ACK, sequence: 0xffff_ff00 },
  });
  const ack = (acknowledgment: number): void => {
    const segment = { sourcePort: 40_000, destinationPort: 80, flags: ACK, acknowledgment };
    const frame = arriving(WORLD_ADDRESS, ANNA, { tcp: segment });
    assert.equal(observe(engine, 'to', ANNA, frame).action, TcAction.Pass);
  };
  assert.equal(observe(engine, 'to', ANNA, syn).action, TcAction.Pass);
  ack(0);
  assert.equal(observe(engine, 'from', ANNA, synAck).action, TcAction.Pass);
  for (const guess of [0x1234_5678, 0xffff_ff00, 0x1_0000]) ack(guess);
  assert.equal(engine.entries(connections).length, 0);
  ack(0xffff_ff01);
  assert.equal(engine.entries(connections).length, 1);
});

test('what strangers ask by UDP fills no place among connections', () => {
  const engine = new MachineEngine();
  setUp(engine);
  const question = arriving(WORLD_ADDRESS, ANNA, udp(40_000, 53));
  const answer = sent(ANNA, WORLD_ADDRESS, udp(53, 40_000));
  for (let turn = 0; turn < 3; turn++) {
    assert.equal(observe(engine, 'to', ANNA, question).action, TcAction.Pass);
    assert.equal(observe(engine, 'from', ANNA, answer).action, TcAction.Pass);
  }
  assert.equal(engine.entries(connections).length, 0);
});

test('a flow whose place another has taken keeps its own verdict', () => {
  const engine = new MachineEngine();
  setUp(engine);
  const port54 = { protocol: PolicyProtocol.Udp, first: 54, last: 54, allowGroup: WORLD_GROUP };
  const egress = { isEnforced: true, segments: [port54] };
  setPolicy(engine, ANNA, { ...OPEN_POLICY, egress }, 2);
  const pass = (): void => {
    const { action } = observe(engine, 'from', ANNA, sent(ANNA, WORLD_ADDRESS, udp(1, 54)));
    assert.equal(action, TcAction.Pass);
  };
  const drop = (): void => {
    const { reasons } = observe(engine, 'from', ANNA, sent(ANNA, WORLD_ADDRESS, udp(1, 53)));
    assert.deepEqual(reasons, [DropReason.PolicyDenied]);
  };
  for (const [early, late] of [
    [drop, pass],
    [pass, drop],
  ] as const) {
    emptyNewcomerQueue(engine);
    early();
    // As if the queue had gone round: the hint of the first now leads to the second.
    engine.update(newcomerQueue, FIRST_ROW, new Uint8Array(NewcomerQueue.size));
    late();
    assert.equal(comers(engine), 1);
    late();
    assert.equal(comers(engine), 1, 'the second is where the first was');
    early();
    assert.equal(comers(engine), 2, 'the first has come anew');
  }
});

test('flows that follow each other are spread over all sets', { skip }, (context) => {
  const engine = new KernelEngine();
  context.after(() => engine.close());
  setUp(engine);
  moveTo(engine, ANNA);
  const flows = 20_000;
  begin(engine, flows);
  assert.equal(comers(engine), flows);
  begin(engine, flows);
  // By chance: of 20,000 flows less than one meets another of its set with the same 16 bits.
  const lostByChance = comers(engine) - flows;
  assert.ok(lostByChance <= 12, `${lostByChance} of ${flows} newcomers were not found again`);
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

/** Flows of one destination, two rows each: more than the table has. */
const FLOOD_FLOWS = NEW_TRANSLATIONS_MAX / 2 + 8_000;
const MASQUERADE_PORTS = 4_096;

test('who floods a destination takes no port in use, nor all from others', { skip }, (context) => {
  const engine = new KernelEngine();
  context.after(() => engine.close());
  setUp(engine);
  setUpUplink(engine, MASQUERADE_PORTS);
  /** The port that the packet has left under; 0 where it has not. */
  const leave = (frame: Uint8Array): number => {
    const { packet } = engine.carryAtUplink('to network', frame);
    return packet ? new DataView(packet.buffer, packet.byteOffset).getUint16(SOURCE_PORT_AT) : 0;
  };
  const asked = leaving(ANNA.ipv4, WORLD_ADDRESS, udp(40_000, 53));
  const port = leave(asked);
  const answer = returning(WORLD_ADDRESS, UPLINK_ADDRESS, udp(53, port));
  const back = engine.carryAtUplink('from network', answer).packet;
  assert.equal(leave(asked), port);

  const frame = leaving(BERT.ipv4, WORLD_ADDRESS, udp(1, 53));
  for (let index = 0; index < FLOOD_FLOWS; index++) {
    assert.notEqual(leave(withWord(frame, SOURCE_PORT_AT, index & 0xffff)), 0);
  }
  assert.equal(leave(asked), port, 'the connection has its port still');
  assert.deepEqual(engine.carryAtUplink('from network', answer).packet, back);
  const other = leave(leaving(ANNA.ipv4, WORLD_ADDRESS, udp(40_001, 53)));
  assert.ok(other !== 0 && other !== port, 'and another one finds a port');
});
