/**
 * Random flows of two endpoints through few ports: what comes back is what left, turned round, and
 * no two flows of one destination have one port. `SKEP_SEED` sets which flows.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { DirectedTuple, Translation } from '@skep/contract';
import { codecOf } from '@skep/ebpf';
import { newTranslations, translations } from './maps.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { leaving, returning, tcp, type Transport, udp } from './trial/packet-case.ts';
import type { ProgramEngine } from './trial/program-engine.ts';
import { type RandomNumbers, randomNumbers } from './trial/random-frames.ts';
import * as world from './trial/world.ts';

const { ANNA, BERT, MASQUERADE_PORT } = world;
const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 0x7fff_ffff);
const PORTS = 32;
const STEPS = 600;
const SYN = 2;
const ETHERNET = 14;

interface Flow {
  readonly isIpv6: boolean;
  readonly protocol: 'tcp' | 'udp' | 'echo';
  readonly endpoint: string;
  readonly destination: string;
  readonly own: number;
  readonly far: number;
}

function randomFlow(random: RandomNumbers): Flow {
  const isIpv6 = random(2) === 1;
  const endpoint = random(2) === 0 ? ANNA : BERT;
  const last = 7 + random(2);
  return {
    isIpv6,
    protocol: (['tcp', 'udp', 'echo'] as const)[random(3)]!,
    endpoint: isIpv6 ? endpoint.ipv6 : endpoint.ipv4,
    destination: isIpv6 ? `2001:db8::${last}` : `192.0.2.${last}`,
    own: 40_000 + random(16),
    far: 53 + random(2),
  };
}

function transport(flow: Flow, own: number, isAnswer: boolean, payload: Uint8Array): Transport {
  const ports = isAnswer ? ([flow.far, own] as const) : ([own, flow.far] as const);
  if (flow.protocol === 'tcp') return { ...tcp(...ports, isAnswer ? SYN | 16 : SYN), payload };
  if (flow.protocol === 'udp') return { ...udp(...ports), payload };
  const [request, reply] = flow.isIpv6 ? [128, 129] : [8, 0];
  return { icmp: { type: isAnswer ? reply : request, identifier: own }, payload };
}

/** The port that stands for the flow in what has left. */
function portOf(flow: Flow, frame: Uint8Array): number {
  const at = ETHERNET + (flow.isIpv6 ? 40 : 20) + (flow.protocol === 'echo' ? 4 : 0);
  return new DataView(frame.buffer, frame.byteOffset).getUint16(at);
}

function checkFlow(engine: ProgramEngine, random: RandomNumbers): void {
  const flow = randomFlow(random);
  const { endpoint, destination, own } = flow;
  const node = flow.isIpv6 ? world.UPLINK_ADDRESS6 : world.UPLINK_ADDRESS;
  const payload = Uint8Array.from({ length: random(64) }, () => random(256));
  const sent = leaving(endpoint, destination, transport(flow, own, false, payload));
  const { fate, packet } = engine.carryAtUplink('to network', sent);
  assert.equal(fate, 'pass', JSON.stringify(flow));
  const port = portOf(flow, packet!);
  assert.ok(port >= MASQUERADE_PORT && port < MASQUERADE_PORT + PORTS, `port ${port}`);
  const expected = leaving(node, destination, transport(flow, port, false, payload));
  assert.deepEqual(packet, expected, JSON.stringify(flow));
  if (random(2) === 0) return;
  const answer = returning(destination, node, transport(flow, port, true, payload));
  const back = engine.carryAtUplink('from network', answer);
  const wanted = returning(destination, endpoint, transport(flow, own, true, payload));
  assert.deepEqual(back, { fate: 'pass', packet: wanted }, JSON.stringify(flow));
}

/** By destination and port, of both tables: a key is there once in each, so once in all. */
function checkClaims(engine: ProgramEngine): void {
  const owners = new Map<string, string>();
  for (const map of [translations, newTranslations]) {
    for (const { key, value } of engine.entries(map)) {
      const { destinationPort } = codecOf(DirectedTuple).decode(key);
      if (destinationPort < MASQUERADE_PORT) continue;
      const { address, port } = codecOf(Translation).decode(value);
      const text = Buffer.from(key).toString('hex');
      assert.equal(owners.get(text), undefined, `${text} is claimed twice`);
      owners.set(text, `${address.upper} ${address.lower} ${port}`);
    }
  }
  assert.ok(owners.size > PORTS);
}

function checkAll(engine: ProgramEngine): void {
  world.setUp(engine);
  world.setUpUplink(engine, PORTS);
  const random = randomNumbers(SEED);
  for (let step = 0; step < STEPS; step++) {
    checkFlow(engine, random);
    if (random(100) === 0) engine.advanceSeconds(61);
  }
  checkClaims(engine);
}

test(`flows come back as they left, on the machine, seed ${SEED}`, () => {
  checkAll(new MachineEngine());
});

describe('in the kernel', { skip: canUseBpf() ?? false }, () => {
  test(`flows come back as they left, seed ${SEED}`, (context) => {
    const engine = new KernelEngine();
    context.after(() => engine.close());
    checkAll(engine);
  });
});
