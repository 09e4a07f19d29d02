/**
 * Random frames against a closed policy: nothing passes, and each frame is counted once.
 *
 * `SKEP_FRAMES` sets how many for each hook in the kernel, `SKEP_SEED` which ones.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import type { HookName } from './trial/engine.ts';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { closePolicy, isClosed, isTakenByKernel } from './trial/observe.ts';
import { type ProgramEngine, runHook } from './trial/program-engine.ts';
import { randomFrame, randomNumbers } from './trial/random-frames.ts';
import { counters } from './trial/run-case.ts';
import { VALID_FRAMES } from './trial/valid-frames.ts';
import { ANNA, BERT, moveTo, setUp } from './trial/world.ts';

const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 0x7fff_ffff);
const FRAMES = Number(process.env.SKEP_FRAMES ?? 20_000);
/** The machine takes thirty times as long for a frame. */
const MACHINE_FRAMES = Math.min(FRAMES, 2_000);
/** Events are taken before their buffer is full. */
const FRAMES_BETWEEN_READS = 10_000;

function counted(engine: ProgramEngine): bigint {
  return [...counters(engine).values()].reduce((sum, each) => sum + each, 0n);
}

function checkFrames(engine: ProgramEngine, hook: HookName, count: number): void {
  setUp(engine);
  for (const endpoint of [ANNA, BERT]) closePolicy(engine, endpoint, 2);
  moveTo(engine, ANNA);
  const random = randomNumbers(SEED);
  const valid = Object.values(VALID_FRAMES[hook]);
  const before = counted(engine);
  let taken = 0;
  while (taken < count) {
    const frame = randomFrame(random, valid);
    if (engine.name === 'kernel' && !isTakenByKernel(frame)) continue;
    taken++;
    const result = runHook(engine, hook, frame);
    if (!isClosed(hook, frame, result)) {
      assert.fail(`seed ${SEED}, frame ${taken}: action ${result.action}: ${hex(frame)}`);
    }
    if (taken % FRAMES_BETWEEN_READS === 0) engine.takeEvents();
  }
  assert.equal(counted(engine) - before, BigInt(taken));
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex');
}

for (const hook of ['from', 'to'] as const) {
  test(`${hook} endpoint on the machine: ${MACHINE_FRAMES} frames (SKEP_SEED=${SEED})`, () => {
    checkFrames(new MachineEngine(), hook, MACHINE_FRAMES);
  });
}

describe('in the kernel', { skip: canUseBpf() ?? false }, () => {
  for (const hook of ['from', 'to'] as const) {
    test(`${hook} endpoint: ${FRAMES} frames (SKEP_SEED=${SEED})`, (context) => {
      const engine = new KernelEngine();
      context.after(() => engine.close());
      checkFrames(engine, hook, FRAMES);
    });
  }
});
