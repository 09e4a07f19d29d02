/** What one installation has made is never begun beside, nor taken away, by places of another. */
import assert from 'node:assert/strict';
import { existsSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { Agent, type AgentOptions } from '../agent.ts';
import { ANNA, LoneNode } from '../testing/lone-node.ts';
import { forceRemoval } from './force-removal.ts';

const node = new LoneNode();
const { directory, options } = node;
/** In the same network namespace. */
const elsewhere: AgentOptions = {
  ...options,
  stateDirectory: join(directory, 'other/state'),
  bpffsDirectory: join(directory, 'other/bpf'),
};

describe('another installation', { skip: canUseBpf() ?? false }, () => {
  let agent: Agent | undefined;

  before(() => node.create());

  afterEach(async () => {
    await agent?.uninstall();
    agent = undefined;
  });

  after(() => node.remove());

  /** By an agent at other places, in every way. */
  function assertRefused(who: string): void {
    const { stateDirectory, bpffsDirectory } = options;
    const places = `--state ${stateDirectory} --bpffs ${bpffsDirectory}`;
    const found = `skep1 of the network namespace belongs to ${who} (its places are ${places})`;
    const code = 'ERR_OTHER_INSTALLATION';
    assert.throws(() => forceRemoval(elsewhere), { code, message: `remove by force: ${found}` });
    assert.throws(() => Agent.start(elsewhere), { code, message: `start agent: ${found}` });
    assert.ok(node.interfaces().includes('skep1'));
    assert.equal(node.forwarding(), '1');
    assert.equal(existsSync(join(directory, 'other')), false, 'nothing is begun');
  }

  test('that runs keeps its devices, and is told by its pid', async () => {
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    assertRefused(`the agent with pid ${process.pid}`);
    assert.deepEqual((await agent.status()).problems, []);
  });

  test('that is not running keeps them, too, until its own places are named', async () => {
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    agent.stop();
    agent = undefined;
    assertRefused('another installation');
    assert.deepEqual(forceRemoval(options), []);
    assert.deepEqual(node.interfaces(), ['lo']);
    assert.equal(node.forwarding(), '0');
  });

  test('is not one whose state was moved, and is found at the old path still', async () => {
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    agent.stop();
    const moved = { ...options, stateDirectory: join(directory, 'moved') };
    renameSync(options.stateDirectory, moved.stateDirectory);
    assert.throws(() => Agent.start(moved), { code: 'ERR_OTHER_INSTALLATION' });
    symlinkSync(moved.stateDirectory, options.stateDirectory);
    agent = Agent.start(moved);
    assert.equal((await agent.listEndpoints()).length, 1);
  });

  test('cannot be told by paths that no device can bear', () => {
    const stateDirectory = join(directory, 'x'.repeat(200), 'x'.repeat(100));
    assert.throws(() => Agent.start({ ...options, stateDirectory }), {
      message: /^name installation: .* bytes, expected at most 255 \(use shorter paths\)$/,
    });
  });
});
