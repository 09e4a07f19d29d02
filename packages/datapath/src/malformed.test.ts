/** Malformed frames: closed, none passes; open, none is a fault, and both engines agree. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { KernelEngine } from './trial/kernel-engine.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { malformedFrames } from './trial/malformed-frames.ts';
import { closePolicy, isClosed, isTakenByKernel, observe } from './trial/observe.ts';
import { type ProgramEngine, runHook } from './trial/program-engine.ts';
import { ANNA, BERT, moveTo, setUp } from './trial/world.ts';

const HOOKS = ['from', 'to'] as const;

/** Frames that go through a closed policy, by their sentences. */
function passing(engine: ProgramEngine, hook: 'from' | 'to'): string[] {
  setUp(engine);
  for (const endpoint of [ANNA, BERT]) closePolicy(engine, endpoint, 2);
  moveTo(engine, ANNA);
  const isShort = (frame: Uint8Array) => engine.name === 'kernel' && !isTakenByKernel(frame);
  return malformedFrames(hook)
    .filter(({ frame }) => !isShort(frame) && !isClosed(hook, frame, runHook(engine, hook, frame)))
    .map(({ sentence }) => sentence);
}

test('there are at least 200 of each hook', () => {
  for (const hook of HOOKS) assert.ok(malformedFrames(hook).length >= 200);
});

for (const hook of HOOKS) {
  test(`${hook} endpoint, on the machine: generated code does as the interpreter`, () => {
    const engines = [
      new MachineEngine({ engine: 'interpreter' }),
      new MachineEngine({ engine: 'generated' }),
    ] as const;
    for (const engine of engines) setUp(engine);
    for (const { sentence, frame } of malformedFrames(hook)) {
      const [one, other] = engines.map((engine) => observe(engine, hook, ANNA, frame));
      assert.deepEqual(other, one, sentence);
    }
  });

  test(`${hook} endpoint, closed, on the machine: nothing passes`, () => {
    assert.deepEqual(passing(new MachineEngine(), hook), []);
  });

  test(`${hook} endpoint, open, on the machine: no fault`, () => {
    const machine = new MachineEngine();
    setUp(machine);
    moveTo(machine, ANNA);
    for (const { frame } of malformedFrames(hook)) runHook(machine, hook, frame);
  });
}

describe('in the kernel', { skip: canUseBpf() ?? false }, () => {
  for (const hook of HOOKS) {
    test(`${hook} endpoint, closed: nothing passes`, (context) => {
      const engine = new KernelEngine();
      context.after(() => engine.close());
      assert.deepEqual(passing(engine, hook), []);
    });

    test(`${hook} endpoint, open: as on the machine`, (context) => {
      const engines = [new MachineEngine(), new KernelEngine()] as const;
      context.after(() => engines[1].close());
      for (const engine of engines) setUp(engine);
      for (const { sentence, frame } of malformedFrames(hook)) {
        if (!isTakenByKernel(frame)) continue;
        const [machine, kernel] = engines.map((engine) => observe(engine, hook, ANNA, frame));
        assert.deepEqual(kernel, machine, sentence);
      }
    });
  }
});
