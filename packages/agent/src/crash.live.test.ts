/** An agent that dies in the middle of a change: the next one finishes it or undoes it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canUseBpf, hasTcx } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { Agent, type AgentOptions } from './agent.ts';
import type { KernelFeatures } from './kernel/kernel-features.ts';
import type { DeathWish } from './testing/dying-agent.ts';
import type { EndpointRequest } from './views.ts';

const MAIN = fileURLToPath(new URL('./testing/dying-agent.js', import.meta.url));
const PREFIX = `skep-crash-${process.pid}`;
/** Steps to die at: as many as fit in a test; another seed draws others. */
const DEATHS = 5;
const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 100_000);

function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

const ANNA: EndpointRequest = {
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  ipv4: '10.97.0.1',
  ipv6: 'fd97::1',
  networkNamespace: pathOf('anna'),
};

/** Numbers from 1 to `last`, as the seed has it. */
function draw(last: number, salt: number): number[] {
  let state = (SEED * 2_654_435_761 + salt) >>> 0;
  return Array.from({ length: DEATHS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + Math.floor((state / 2 ** 32) * last);
  });
}

describe(`an agent that dies at a step, seed ${SEED}`, { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-crash-'));
  const features: KernelFeatures = {
    mechanism: hasTcx() && SEED % 2 === 0 ? 'tcx' : 'clsact',
    hasRedirectPeer: true,
  };
  const options: AgentOptions = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf('node'),
    features,
  };

  before(() => {
    for (const name of ['node', 'anna']) createNamespace(`${PREFIX}-${name}`);
  });

  after(async () => {
    await Agent.start(options).uninstall();
    for (const name of ['node', 'anna']) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  /** Runs a process that dies at the step; without one it tells how many there are. */
  const run = (wish: Omit<DeathWish, 'options'>): number => {
    const parameters = [MAIN, JSON.stringify({ options, ...wish })];
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, parameters, {
      encoding: 'utf8',
    });
    if (wish.step !== undefined) assert.equal(signal, 'SIGKILL', stderr);
    else assert.equal(status, 0, stderr);
    return Number(stdout);
  };

  /** What a new agent finds, and leaves, of the endpoint. */
  const findings = async (): Promise<unknown> => {
    const agent = Agent.start(options);
    const network = new Network(options.networkNamespace);
    try {
      const links = network.links.list().filter((link) => link.name.startsWith('skep'));
      const pins = join(options.bpffsDirectory, 'links');
      return {
        endpoints: (await agent.listEndpoints()).map(({ name, state }) => `${name} ${state}`),
        links: links.length,
        isReachable: network.routes.list().some(({ linkIndex }) => linkIndex === links[0]?.index),
        places: (await agent.listIpcache()).filter(({ owner }) => owner === 'test/anna').length,
        pins: existsSync(pins) ? readdirSync(pins).length : 0,
        problems: (await agent.status()).problems,
      };
    } finally {
      network.close();
      agent.stop();
    }
  };

  const NOTHING = {
    endpoints: [],
    links: 0,
    isReachable: false,
    places: 0,
    pins: 0,
    problems: [],
  };
  const READY = {
    endpoints: ['anna ready'],
    links: 1,
    isReachable: true,
    places: 2,
    pins: features.mechanism === 'tcx' ? 2 : 0,
    problems: [],
  };

  test('making an endpoint: nothing is left, and it can be made again', async () => {
    const steps = run({ add: ANNA });
    assert.deepEqual(await findings(), READY);
    run({ remove: 'test/anna' });
    assert.ok(steps > 20, `${steps} steps`);
    for (const step of draw(steps, 1)) {
      run({ add: ANNA, step });
      assert.deepEqual(await findings(), NOTHING, `step ${step} of ${steps}, seed ${SEED}`);
    }
  });

  test('removing an endpoint: it is gone, or as if nobody had asked', async () => {
    const add = async (): Promise<void> => {
      const agent = Agent.start(options);
      await agent.addEndpoint(ANNA);
      agent.stop();
    };
    await add();
    const steps = run({ remove: 'test/anna' });
    for (const step of draw(steps, 2)) {
      await add();
      run({ remove: 'test/anna', step });
      const want = step === 1 ? READY : NOTHING;
      assert.deepEqual(await findings(), want, `step ${step} of ${steps}, seed ${SEED}`);
      if (step === 1) run({ remove: 'test/anna' });
    }
  });
});
