/** Random conversations under changing policy, the same on the machine and in the kernel. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { DropReason } from '@skep/contract';
import { type DirectionTable, PolicyProtocol } from '@skep/policy';
import { TcpFlag } from '@skep/wire';
import type { Engine } from './trial/engine.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { type HookName, type Observation, observe } from './trial/observe.ts';
import {
  annaGets,
  annaSends,
  arriving,
  type PacketCase,
  sent,
  tcp,
  udp,
} from './trial/packet-case.ts';
import { type RandomNumbers, randomNumbers } from './trial/random-frames.ts';
import { runCase } from './trial/run-case.ts';
import * as world from './trial/world.ts';

const { ANNA, BERT, NODE_ADDRESS, OPEN_POLICY, WORLD_ADDRESS } = world;
const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 0x7fff_ffff);
const STEPS = 1_200;
const { SYN, ACK, FIN, RST } = TcpFlag;
const TCP_FLAGS = [SYN, SYN | ACK, ACK, ACK, FIN | ACK, RST];

function pick<T>(random: RandomNumbers, from: readonly T[]): T {
  return from[random(from.length)]!;
}

function randomTransport(random: RandomNumbers): ReturnType<typeof tcp> {
  const ports = pick(random, [
    [40_000, 80],
    [80, 40_000],
  ]);
  const kind = random(5);
  if (kind === 0) return udp(ports[0]!, ports[1]!);
  if (kind === 1) return { icmp: { type: pick(random, [8, 0]), identifier: 5 } };
  return tcp(ports[0]!, ports[1]!, pick(random, TCP_FLAGS));
}

interface Move {
  readonly hook: HookName;
  readonly endpoint: world.TrialEndpoint;
  readonly frame: Uint8Array;
}

function randomMove(random: RandomNumbers): Move {
  const [endpoint, other] = pick(random, [
    [ANNA, BERT],
    [BERT, ANNA],
  ] as const);
  const transport = randomTransport(random);
  const isOutgoing = random(3) > 0;
  if (!isOutgoing) {
    const from = pick(random, [WORLD_ADDRESS, NODE_ADDRESS, other.ipv4]);
    return { hook: 'to', endpoint, frame: arriving(from, endpoint, transport) };
  }
  const to = pick(random, [other.ipv4, other.ipv4, WORLD_ADDRESS, NODE_ADDRESS]);
  return { hook: 'from', endpoint, frame: sent(endpoint, to, transport) };
}

function randomTable(random: RandomNumbers): DirectionTable {
  if (random(2) === 0) return { isEnforced: false, segments: [] };
  const allowGroup = random(5);
  const segments = [PolicyProtocol.Icmp, PolicyProtocol.Tcp, PolicyProtocol.Udp].map((protocol) => {
    const last = protocol === PolicyProtocol.Icmp ? 255 : 0xffff;
    return { protocol, first: 0, last, allowGroup };
  });
  return { isEnforced: true, segments };
}

/** The same for both: what a step does is drawn before it is done. */
function step(random: RandomNumbers, engines: readonly Engine[], revision: number): Observation[] {
  const change = random(40);
  if (change === 0) for (const engine of engines) world.bumpMembership(engine, revision);
  if (change === 1) {
    const table = { ingress: randomTable(random), egress: randomTable(random) };
    const endpoint = pick(random, [ANNA, BERT]);
    for (const engine of engines) world.setPolicy(engine, endpoint, table, revision);
  }
  const { hook, endpoint, frame } = randomMove(random);
  return engines.map((engine) => observe(engine, hook, endpoint, frame));
}

describe('machine and kernel', { skip: canUseBpf() ?? false }, () => {
  test(`agree on ${STEPS} random packets (SKEP_SEED=${SEED})`, (context) => {
    const engines = [new MachineEngine(), new KernelEngine()] as const;
    context.after(() => engines[1].close());
    for (const engine of engines) world.setUp(engine);
    const random = randomNumbers(SEED);
    const reasons = new Set<number>();
    for (let index = 0; index < STEPS; index++) {
      const [machine, kernel] = step(random, engines, index + 2);
      assert.deepEqual(kernel, machine, `seed ${SEED}, step ${index}`);
      for (const reason of machine!.reasons) reasons.add(reason);
    }
    assert.ok(reasons.has(0) && reasons.size > 1, 'some packets pass, some do not');
  });
});

const wait = (seconds: number) => (engine: Engine) => engine.advanceSeconds!(seconds);
const out = (flags: number) => sent(ANNA, WORLD_ADDRESS, tcp(40_000, 80, flags));
const back = (flags: number) => arriving(WORLD_ADDRESS, ANNA, tcp(80, 40_000, flags));
const HANDSHAKE = [
  annaSends(out(SYN), 'pass'),
  annaGets(back(SYN | ACK), 'pass'),
  annaSends(out(ACK), 'pass'),
];
const UNKNOWN = DropReason.UnknownConnectionState;

/** Answers pass only while their flow is remembered. */
function closeIngress(engine: Engine): void {
  const ingress = { isEnforced: true, segments: [] };
  world.setPolicy(engine, ANNA, { ...OPEN_POLICY, ingress }, 2);
}

const UDP_OUT = annaSends(sent(ANNA, WORLD_ADDRESS, udp(40_000, 53)), 'pass');
const UDP_BACK = arriving(WORLD_ADDRESS, ANNA, udp(53, 40_000));

const EXPIRY: readonly PacketCase[] = [
  {
    sentence: 'an established connection lives for less than 6 hours of silence',
    steps: [...HANDSHAKE, wait(21_599), annaSends(out(ACK), 'pass')],
  },
  {
    sentence: 'and no longer',
    steps: [...HANDSHAKE, wait(21_600), annaSends(out(ACK), 'drop', UNKNOWN)],
  },
  {
    sentence: 'an opening one waits less than 60 seconds for its answer',
    steps: [HANDSHAKE[0]!, wait(59), annaGets(back(SYN | ACK), 'pass')],
  },
  {
    sentence: 'an answer after 60 seconds is too late',
    steps: [HANDSHAKE[0]!, wait(60), annaGets(back(SYN | ACK), 'drop', UNKNOWN)],
  },
  ...[9, 10].map((seconds) => ({
    sentence: `a closing connection after ${seconds} seconds`,
    steps: [
      ...HANDSHAKE,
      annaSends(out(FIN | ACK), 'pass' as const),
      annaGets(back(FIN | ACK), 'pass' as const),
      wait(seconds),
      seconds < 10 ? annaSends(out(ACK), 'pass') : annaSends(out(ACK), 'drop', UNKNOWN),
    ],
  })),
  {
    sentence: 'an answer to a datagram passes for less than 60 seconds',
    before: closeIngress,
    steps: [UDP_OUT, wait(59), annaGets(UDP_BACK, 'pass')],
  },
  {
    sentence: 'and is a stranger after them',
    before: closeIngress,
    steps: [UDP_OUT, wait(60), annaGets(UDP_BACK, 'drop', DropReason.PolicyDenied)],
  },
];

describe('expiry on the machine', () => {
  for (const row of EXPIRY) test(row.sentence, () => runCase(new MachineEngine(), row));
});
