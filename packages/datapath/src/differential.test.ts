/** Random conversations under changing policy, the same on the machine and in the kernel. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { type DirectionTable, PolicyProtocol } from '@skep/policy';
import { TcpFlag } from '@skep/wire';
import type { HookName } from './trial/engine.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { type Observation, observe } from './trial/observe.ts';
import { arriving, sent, tcp, udp } from './trial/packet-case.ts';
import type { ProgramEngine } from './trial/program-engine.ts';
import { type RandomNumbers, randomNumbers } from './trial/random-frames.ts';
import * as world from './trial/world.ts';

const { ANNA, BERT, NODE_ADDRESS, WORLD_ADDRESS } = world;
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
function step(
  random: RandomNumbers,
  engines: readonly ProgramEngine[],
  revision: number,
): Observation[] {
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
    // Both clocks run: where the test is held up, flows grow old on both sides.
    const engines = [
      new MachineEngine({ clock: process.hrtime.bigint }),
      new KernelEngine(),
    ] as const;
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
