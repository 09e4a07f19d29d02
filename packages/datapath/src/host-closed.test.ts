/**
 * Random frames at the uplink of a node that is closed both ways: none for the node gets in, none
 * of it gets out, but for what neighbours say. Which frames those are is said here once more, from
 * the bytes alone, and generously: what might be the node's has to be dropped.
 *
 * `SKEP_FRAMES` sets how many for each hook in the kernel, `SKEP_SEED` which ones.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { Icmpv6Type, parseAddress, TcpFlag } from '@skep/wire';
import type { UplinkHookName } from './trial/engine.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { etherTypeOf, isTakenByKernel } from './trial/observe.ts';
import { leaving, returning, tcp, type Transport, udp } from './trial/packet-case.ts';
import type { ProgramEngine } from './trial/program-engine.ts';
import { mutated, type RandomNumbers, randomNumbers } from './trial/random-frames.ts';
import * as world from './trial/world.ts';

const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 0x7fff_ffff);
const FRAMES = Math.min(Number(process.env.SKEP_FRAMES ?? 10_000), 100_000);
const MACHINE_FRAMES = Math.min(FRAMES, 2_000);
const FRAMES_BETWEEN_READS = 5_000;
const CLOSED = { isEnforced: true, segments: [] };
const HOOKS = ['from network', 'to network'] as const;
const ENDS = [
  [world.WORLD_ADDRESS, world.UPLINK_ADDRESS],
  [world.WORLD_ADDRESS6, world.UPLINK_ADDRESS6],
] as const;
const TRANSPORTS: readonly Transport[] = [
  tcp(40_000, 80, TcpFlag.SYN),
  tcp(40_000, 80, TcpFlag.ACK),
  udp(40_000, 53),
  { protocol: 47, payload: new Uint8Array(8) },
  { icmp: { type: 8, identifier: 3 } },
  { icmp: { type: Icmpv6Type.NeighborSolicitation }, payload: new Uint8Array(16), ttl: 255 },
  { ...udp(40_000, 53), moreFragments: true, identification: 9, payload: new Uint8Array(16) },
  { ...udp(0, 0), fragmentOffset: 24, identification: 9, payload: new Uint8Array(16) },
  { ...udp(1, 2), extensions: [{ type: 60, body: new Uint8Array(7) }] },
];

const VALID = ENDS.flatMap(([outside, node]) =>
  TRANSPORTS.filter(({ extensions }) => !extensions || node.includes(':')).map((each) => ({
    'from network': returning(outside, node, each),
    'to network': leaving(node, outside, each),
  })),
);

const OWN = [world.NODE_ADDRESS, world.UPLINK_ADDRESS, world.UPLINK_ADDRESS6, world.GATEWAY6].map(
  (text) => hex(parseAddress(text).bytes),
);
const NEXT_HEADER = 20;
const HOP_LIMIT = 21;
const EXTENSIONS: readonly number[] = [0, 43, 44, 60];

/** Whether a frame is an IP packet that the node might take for its own, or has sent. */
function isNodes(hook: UplinkHookName, frame: Uint8Array): boolean {
  const isIncoming = hook === 'from network';
  switch (etherTypeOf(frame)) {
    case 0x0800: {
      const address = frame.subarray(isIncoming ? 30 : 26, isIncoming ? 34 : 30);
      if (isIncoming && (address[0]! >= 224 || address[0] === 0)) return true;
      return OWN.includes(hex(address)) || address.every((byte) => byte === 0);
    }
    case 0x86dd: {
      const address = frame.subarray(isIncoming ? 38 : 22, isIncoming ? 54 : 38);
      if (isIncoming && address[0] === 0xff) return true;
      const isNone = !isIncoming && address.every((byte) => byte === 0);
      return OWN.includes(hex(address)) || isNone;
    }
    default:
      return false;
  }
}

/** Whether neighbours say such things; behind an extension header it may be a report of groups. */
function mayBeLinkTalk(frame: Uint8Array): boolean {
  if (etherTypeOf(frame) !== 0x86dd) return false;
  const next = frame[NEXT_HEADER]!;
  const source = frame.subarray(22, 38);
  const isOfLink =
    (source[0] === 0xfe && (source[1]! & 0xc0) === 0x80) || source.every((byte) => byte === 0);
  if (EXTENSIONS.includes(next)) return isOfLink;
  if (next !== 58) return false;
  const type = frame[54]!;
  if (type >= 133 && type <= 136) return frame[HOP_LIMIT] === 255;
  return isOfLink && [130, 131, 132, 143].includes(type);
}

function checkFrames(engine: ProgramEngine, hook: UplinkHookName, count: number): void {
  world.setUp(engine);
  world.setUpUplink(engine, 8);
  world.setHostPolicy(engine, { ingress: CLOSED, egress: CLOSED }, 2);
  const random = randomNumbers(SEED);
  let seen = 0;
  for (let taken = 0; taken < count; ) {
    const frame = frameOf(random, hook);
    if (engine.name === 'kernel' && !isTakenByKernel(frame)) continue;
    taken++;
    const { fate } = engine.carryAtUplink(hook, frame);
    const mustEnd = frame.length >= 54 && isNodes(hook, frame) && !mayBeLinkTalk(frame);
    if (mustEnd) seen++;
    if (mustEnd && fate !== 'drop') assert.fail(`seed ${SEED}, ${fate}: ${hex(frame)}`);
    if (taken % FRAMES_BETWEEN_READS === 0) engine.takeEvents();
  }
  assert.ok(seen > count / 5, `${seen} of ${count} were the node's`);
}

function frameOf(random: RandomNumbers, hook: UplinkHookName): Uint8Array {
  const valid = VALID[random(VALID.length)]![hook];
  return random(8) === 0 ? valid : mutated(random, valid);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

for (const hook of HOOKS) {
  test(`${hook} on the machine: ${MACHINE_FRAMES} frames (SKEP_SEED=${SEED})`, () => {
    checkFrames(new MachineEngine(), hook, MACHINE_FRAMES);
  });
}

describe('in the kernel', { skip: canUseBpf() ?? false }, () => {
  for (const hook of HOOKS) {
    test(`${hook}: ${FRAMES} frames (SKEP_SEED=${SEED})`, (context) => {
      const engine = new KernelEngine();
      context.after(() => engine.close());
      checkFrames(engine, hook, FRAMES);
    });
  }
});
