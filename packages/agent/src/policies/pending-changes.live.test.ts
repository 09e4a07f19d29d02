/** What an agent does at its start with changes of policy that wait, and with other labels. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { canUseBpf } from '@skep/bpf';
import { Agent } from '../agent.ts';
import { Memory } from '../state/memory.ts';
import type { Occurrence } from '../telemetry/occurrence.ts';
import { LoneNode } from '../testing/lone-node.ts';
import { keyOf, policy } from '../testing/policy-changes.ts';

const node = new LoneNode();
const { options } = node;
const ZONE_A = "nodeSelector: { matchLabels: { zone: 'a' } }";

describe('an agent that starts', { skip: canUseBpf() ?? false }, () => {
  let agent: Agent | undefined;
  let told: Occurrence[] = [];

  /** In place of the one before. */
  function start(zone: string): Agent {
    agent?.stop();
    told = [];
    const tell = (occurrence: Occurrence) => told.push(occurrence);
    agent = Agent.start({ ...options, nodeLabels: { zone }, tell });
    return agent;
  }

  before(() => node.create());

  afterEach(async () => {
    await agent?.uninstall();
    agent = undefined;
  });

  after(() => node.remove());

  test('takes back what is overdue before anything is attached, and only that', async () => {
    await start('a').applyPolicies(policy('web'), 'web.yaml');
    agent!.stop();
    const memory = new Memory(options.stateDirectory);
    const overdue = { deadline: Date.now() - 1, withinSeconds: 60, before: [] };
    const keys = [keyOf('node')];
    const text = policy('node', ZONE_A);
    memory.addPolicy({ file: 'node.yaml', text, keys }, { ...overdue, keys });
    memory.close();
    agent = undefined;
    const { node: view, pendingPolicies, problems } = await start('a').status();
    assert.deepEqual([view.isIngressEnforced, view.guardedInterfaces], [false, []]);
    assert.deepEqual([pendingPolicies, problems], [undefined, []]);
    const kinds = told.map(({ kind }) => kind);
    assert.ok(kinds.indexOf('policies reverted') >= 0);
    assert.ok(kinds.indexOf('policies reverted') < kinds.indexOf('started'));
    const inForce = (await agent!.listPolicies()).map(({ key }) => key);
    assert.deepEqual(inForce, [keyOf('web')]);
  });

  test('with other labels leaves the node as it is, and takes them for a time', async () => {
    const isClosed = async (): Promise<boolean> => {
      return (await agent!.status()).node.isIngressEnforced;
    };
    const unconfirmed = { isUnconfirmed: true };
    await start('a').applyPolicies(policy('node', ZONE_A), 'node.yaml', unconfirmed);
    assert.equal(await isClosed(), true);
    start('b');
    assert.equal(await isClosed(), true);
    const { problems, node: view } = await agent!.status();
    assert.match(problems.join(), /labels of before \(zone=a\), .* started with \(zone=b\)/);
    assert.ok(view.labels.includes('k8s:zone=a'));
    assert.ok(told.some(({ kind }) => kind === 'problem'));
    await agent!.relabelNode({ confirmWithinSeconds: 1 });
    assert.equal(await isClosed(), false);
    assert.deepEqual((await agent!.status()).problems, []);
    await setTimeout(1500);
    assert.equal(await isClosed(), true);
    await agent!.relabelNode(unconfirmed);
    start('b');
    assert.equal(await isClosed(), false);
    assert.deepEqual((await agent!.status()).problems, []);
  });
});
