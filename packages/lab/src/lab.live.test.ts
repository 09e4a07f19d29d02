/** Labs on a real kernel: what they show, and that nothing of them stays. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace, listNamespaces } from '@skep/netlink';
import { isProcessAlive, type ProcessIdentity } from '@skep/sys';
import { Lab, type LabOptions } from './lab.ts';
import { parseLab } from './lab-file.ts';
import { LABS_DIRECTORY, LabRecord, listLabs } from './lab-record.ts';
import { isAsExpected } from './probe.ts';

const SHOP = fileURLToPath(new URL('../../../examples/labs/shop.yaml', import.meta.url));
const HOLDER = fileURLToPath(new URL('./testing/lab-holder.js', import.meta.url));
const NAME = `live${process.pid}`;
const SPEC = { ...parseLab(readFileSync(SHOP, 'utf8'), SHOP), name: NAME };
const OPTIONS: LabOptions = { baseDirectory: dirname(SHOP) };
const ENDED_ROUNDS_MAX = 50;

/** What of the lab is on the machine. */
function traces(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return [
    ...listNamespaces().filter((name) => name.startsWith(`skep-${NAME}-`)),
    ...mounts.filter((line) => line.includes(`${LABS_DIRECTORY}/${NAME}/`)),
    ...listLabs().filter((name) => name === NAME),
    ...(existsSync(join(LABS_DIRECTORY, NAME)) ? ['its folder'] : []),
  ];
}

function recordedProcesses(): ProcessIdentity[] {
  const text = readFileSync(join(LABS_DIRECTORY, NAME, 'lab.json'), 'utf8');
  return (JSON.parse(text) as { processes: ProcessIdentity[] }).processes;
}

/** A process that was told to end needs a moment for it. */
async function assertEnded(processes: readonly ProcessIdentity[]): Promise<void> {
  for (let round = 0; round < ENDED_ROUNDS_MAX && processes.some(isProcessAlive); round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(processes.filter(isProcessAlive), []);
}

describe('a lab on the kernel', { skip: canUseBpf() ?? false }, () => {
  let holder: ChildProcess | undefined;

  async function holdLab(): Promise<ChildProcess> {
    holder = fork(HOLDER, [SHOP, NAME]);
    const [message] = await once(holder, 'message');
    assert.equal(message, 'up');
    return holder;
  }

  afterEach(() => {
    if (holder?.exitCode === null) holder.kill('SIGKILL');
    LabRecord.read(NAME)?.remove();
  });

  test('what is seen is what the lab expects, and nothing of it stays', async () => {
    const lab = await Lab.up(SPEC, OPTIONS);
    const results = await lab.probeAll();
    const processes = recordedProcesses();
    assert.equal(processes.length, 5);
    assert.deepEqual(
      results.filter((result) => !isAsExpected(result)),
      [],
    );
    assert.equal(results.length, 2 * SPEC.probes.length);
    const dropped = await lab.agent.recentFlows({ verdict: 'dropped', endpoint: 'shop/database' });
    assert.ok(dropped.length > 0);
    await assert.rejects(Lab.up(SPEC, OPTIONS), { code: 'ERR_LAB_IN_USE' });
    await lab.down();
    assert.deepEqual(traces(), []);
    await assertEnded(processes);
    await lab.down();
  });

  test('a lab whose process was killed is taken away by the next of its name', async () => {
    const killed = await holdLab();
    const processes = recordedProcesses();
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    await assertEnded(processes);
    assert.notDeepEqual(traces(), []);
    const steps: string[] = [];
    const lab = await Lab.up(SPEC, { ...OPTIONS, onProgress: (step) => steps.push(step) });
    assert.match(steps[0]!, /earlier run/);
    assert.equal((await lab.probeAll()).filter((each) => !isAsExpected(each)).length, 0);
    await lab.down();
    assert.deepEqual(traces(), []);
  });

  test('a lab whose record is damaged is found by its name, and no other', async () => {
    const killed = await holdLab();
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    writeFileSync(join(LABS_DIRECTORY, NAME, 'lab.json'), '{bad');
    const other = LabRecord.create(`${NAME}-b`)!;
    const otherNamespace = `skep-${NAME}-b-api`;
    other.addNamespace(otherNamespace);
    createNamespace(otherNamespace);
    try {
      const lab = await Lab.up(SPEC, OPTIONS);
      assert.ok(listNamespaces().includes(otherNamespace));
      await lab.down();
    } finally {
      other.remove();
    }
  });

  test('a lab is taken away by its owner when another asks', async () => {
    const owner = await holdLab();
    const gone = once(owner, 'exit');
    await LabRecord.read(NAME)!.end();
    assert.deepEqual(traces(), []);
    assert.deepEqual(await gone, [0, null]);
  });

  test('a lab whose agent was killed can still be taken away', async () => {
    const lab = await Lab.up(SPEC, OPTIONS);
    const [agent] = recordedProcesses();
    process.kill(agent!.pid, 'SIGKILL');
    await assertEnded([agent!]);
    const results = await lab.probeAll();
    assert.equal(results.filter((each) => !isAsExpected(each)).length, 0, 'without an agent');
    await lab.down();
    assert.deepEqual(traces(), []);
  });

  test('what cannot be brought up leaves nothing behind', async () => {
    const missing = { ...SPEC, policies: ['no-such-file.yaml'] };
    await assert.rejects(Lab.up(missing, OPTIONS), { code: 'ERR_UNREADABLE_FILE' });
    assert.deepEqual(traces(), []);
  });

  test("somebody else's namespace is refused, and stays", async () => {
    const name = `skep-${NAME}-api`;
    createNamespace(name);
    try {
      await assert.rejects(Lab.up(SPEC, OPTIONS), { code: 'ERR_LAB_NAMESPACE_TAKEN' });
      assert.deepEqual(traces(), [name]);
    } finally {
      deleteNamespace(name);
    }
  });
});
