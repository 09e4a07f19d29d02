/** Policy tests with real packets that are ended half-way: nothing of them stays. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canUseBpf } from '@skep/bpf';
import { LabRecord, listLabs } from '@skep/lab';
import { labTraces } from '../testing/lab-traces.ts';
import { RunningSkep } from '../testing/run-skep.ts';

const ROLLOUT = fileURLToPath(
  new URL('../../../../examples/policy-tests/rollout.yaml', import.meta.url),
);
const ROUNDS_MAX = 1200;
const ROUND_MILLISECONDS = 50;

async function until(isSo: () => boolean): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX && !isSo(); round++) {
    await new Promise((resolve) => setTimeout(resolve, ROUND_MILLISECONDS));
  }
  assert.ok(isSo());
}

describe('policy tests that are ended half-way', { skip: canUseBpf() ?? false }, () => {
  const started: RunningSkep[] = [];

  afterEach(() => {
    for (const skep of started.splice(0)) {
      skep.kill('SIGKILL');
      LabRecord.read(labOf(skep))?.remove();
    }
  });

  function start(): RunningSkep {
    const skep = new RunningSkep(['policy', 'test', '--live', ROLLOUT]);
    started.push(skep);
    return skep;
  }

  /** Returns when its lab has an endpoint, and is not done. */
  async function startHalf(): Promise<RunningSkep> {
    const skep = start();
    await until(() => labTraces(labOf(skep)).some((name) => name.endsWith('-web')));
    return skep;
  }

  test('Ctrl-C takes everything away', async () => {
    const skep = await startHalf();
    skep.kill('SIGINT');
    const { status, output, errors } = await skep.ended;
    assert.deepEqual([status, output], [1, '']);
    assert.match(errors, /interrupted \(nothing of it is left\)\n$/);
    assert.deepEqual(labTraces(labOf(skep)), []);
  });

  test('killed, the next run takes away what was left', async () => {
    const killed = await startHalf();
    killed.kill('SIGKILL');
    await killed.ended;
    assert.notDeepEqual(labTraces(labOf(killed)), []);
    assert.ok(listLabs().includes(labOf(killed)));
    const next = start();
    const { status, output, errors } = await next.ended;
    assert.deepEqual([status, errors], [0, '']);
    assert.match(output, /rollout\.yaml: 12 of 12 verdicts as expected, live/);
    for (const skep of [killed, next]) assert.deepEqual(labTraces(labOf(skep)), []);
  });
});

function labOf({ pid }: RunningSkep): string {
  return `test.${pid}`;
}
