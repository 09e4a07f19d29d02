/** What is left of a dead agent is found by its marks, and nobody else's is touched. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { isBpfFileSystem, unmountBpfFileSystem } from '@skep/sys';
import { Agent, type AgentOptions } from '../agent.ts';
import { forceRemoval } from './force-removal.ts';
import { hasTraces } from './traces.ts';

const PREFIX = `skep-force-${process.pid}`;
const pathOf = (name: string): string => `/run/netns/${PREFIX}-${name}`;

describe('a removal by force', { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-force-'));
  const options: AgentOptions = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf('node'),
  };
  let agent: Agent | undefined;

  before(async () => {
    for (const name of ['node', 'anna']) createNamespace(`${PREFIX}-${name}`);
    const network = new Network(pathOf('node'));
    network.links.createVeth({ name: 'skep77', peer: { name: 'theirs' } });
    network.close();
    agent = Agent.start(options);
    const [namespace, networkNamespace] = ['test', pathOf('anna')];
    const request = { name: 'anna', namespace, labels: {}, ipv4: '10.93.0.1', networkNamespace };
    await agent.addEndpoint(request);
  });

  after(async () => {
    await agent?.uninstall();
    if (isBpfFileSystem(options.bpffsDirectory)) unmountBpfFileSystem(options.bpffsDirectory);
    for (const name of ['node', 'anna']) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  test('is refused while an agent runs', () => {
    assert.throws(() => forceRemoval(options), { code: 'ERR_AGENT_RUNNING' });
    assert.equal(hasTraces(options), true);
  });

  test('takes devices, pins and state, and says what nobody remembers', () => {
    agent!.stop();
    agent = undefined;
    for (const name of ['state.journal', 'originals.journal']) {
      writeFileSync(join(options.stateDirectory, name), 'not a journal\n');
    }
    const left = forceRemoval(options);
    assert.match(left.join('\n'), /^forwarding of the host stays on .*\nthe file system at /);
    assert.equal(hasTraces(options), false);
    const network = new Network(pathOf('node'));
    const names = network.links.list().map(({ name }) => name);
    network.close();
    assert.deepEqual(names.sort(), ['lo', 'skep77', 'theirs']);
    const pins = readdirSync(options.bpffsDirectory);
    assert.deepEqual(
      pins.filter((name) => !name.endsWith('.debug')),
      [],
      'only the kernel has some',
    );
    assert.deepEqual(readdirSync(directory), ['bpf']);
  });

  test('of nothing leaves nothing', () => {
    const nowhere = join(directory, 'nowhere');
    const none = { ...options, stateDirectory: nowhere, bpffsDirectory: nowhere };
    assert.equal(hasTraces(none), false);
    forceRemoval(none);
    assert.deepEqual(readdirSync(directory), ['bpf']);
  });
});
