/** Changes that an agent cannot make, and what is left then: all as it was. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { bindMount, unmount } from '@skep/sys';
import { Agent } from './agent.ts';
import { Memory } from './state/memory.ts';
import { ANNA, LoneNode, newDisk, pathOf, POLICY } from './testing/lone-node.ts';

const node = new LoneNode();
const { directory, options } = node;

describe('an agent that cannot', { skip: canUseBpf() ?? false }, () => {
  let agent: Agent | undefined;

  before(() => node.create());

  afterEach(async () => {
    await agent?.uninstall();
    agent = undefined;
  });

  after(() => node.remove());

  test('save a change does not make it', async () => {
    const disk = newDisk();
    agent = Agent.start({ ...options, disk });
    await agent.addEndpoint(ANNA);
    disk.isFull = true;
    const full = { code: 'ERR_STATE_WRITE', message: /ENOSPC.*nothing was changed/ };
    await assert.rejects(agent.applyPolicies(POLICY, 'anna.yaml'), full);
    assert.deepEqual(await agent.listPolicies(), []);
    const bert = { ...ANNA, name: 'bert', ipv4: '10.96.0.2', interfaceName: 'eth1' };
    await assert.rejects(agent.addEndpoint(bert), full);
    await assert.rejects(agent.relabelEndpoint('test/anna', { app: 'else' }), full);
    await assert.rejects(agent.removeEndpoint('test/anna'), full);
    const [anna, ...others] = await agent.listEndpoints();
    assert.deepEqual([anna?.labels, others], [{ app: 'anna' }, []]);
    assert.deepEqual(node.interfaces(), ['lo', 'skep1']);
    disk.isFull = false;
    await agent.applyPolicies(POLICY, 'anna.yaml');
    agent.stop();
    agent = Agent.start(options);
    assert.equal((await agent.listEndpoints())[0]?.isIngressEnforced, true);
  });

  test('read a policy that it has in its state starts, and closes what that is about', async () => {
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    agent.stop();
    const memory = new Memory(options.stateDirectory);
    const key = 'NetworkPolicy/test/anna';
    const text = POLICY.replace('policyTypes', 'tiers: [], policyTypes');
    memory.addPolicy({ file: 'anna.yaml', text, keys: [key] });
    memory.close();
    agent = Agent.start(options);
    const isEnforced = async () => {
      const [anna] = await agent!.listEndpoints();
      return [anna!.isIngressEnforced, anna!.isEgressEnforced];
    };
    const question = { from: 'test/anna', to: '192.0.2.1', port: '80', protocol: 'TCP' } as const;
    assert.deepEqual(await isEnforced(), [true, true]);
    assert.equal((await agent.explain(question)).verdict, 'deny');
    assert.deepEqual((await agent.status()).problems, [
      `policy ${key}: it cannot be read any more, and closes what it is about: anna.yaml:5: ` +
        `spec.tiers: unknown field (apply it anew, or \`skep policy delete ${key}\`)`,
    ]);
    await agent.applyPolicies(POLICY, 'anna.yaml');
    assert.deepEqual(await isEnforced(), [true, false]);
    assert.equal((await agent.explain(question)).verdict, 'allow');
    assert.deepEqual((await agent.status()).problems, []);
  });

  test('find the namespace of an endpoint makes nothing of it', async () => {
    agent = Agent.start(options);
    const lost = { ...ANNA, networkNamespace: pathOf('nowhere') };
    await assert.rejects(agent.addEndpoint(lost), { message: /skep-refuse-\d+-nowhere.*ENOENT/ });
    assert.deepEqual(node.interfaces(), ['lo']);
    await agent.addEndpoint(ANNA);
    assert.equal((await agent.listEndpoints()).length, 1);
  });

  test('tell an endpoint from the node makes nothing of it', async () => {
    agent = Agent.start(options);
    const routes = (): unknown => node.inNode((network) => network.routes.list());
    const before = routes();
    const operation = 'add endpoint test/anna';
    const expected = "network namespace, expected the endpoint's";
    // By another name: it is the namespace that counts.
    const other = join(directory, 'node-namespace');
    fs.writeFileSync(other, '');
    bindMount(pathOf('node'), other);
    try {
      for (const networkNamespace of [pathOf('node'), other]) {
        await assert.rejects(agent.addEndpoint({ ...ANNA, networkNamespace }), {
          code: 'ERR_ENDPOINT_NAMESPACE',
          message: `${operation}: ${networkNamespace} is the node's own ${expected}`,
        });
      }
    } finally {
      unmount(other);
    }
    assert.deepEqual(await agent.listEndpoints(), []);
    assert.deepEqual(node.interfaces(), ['lo']);
    assert.deepEqual(routes(), before);
    await agent.addEndpoint(ANNA);
  });

  test('make an interface of a name that is taken leaves what has it', async () => {
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    const operation = 'add endpoint test/bert';
    const advice = '(remove that, or give another name of the interface)';
    const second = { ...ANNA, name: 'bert', ipv4: '10.96.0.2' };
    await assert.rejects(agent.addEndpoint(second), {
      code: 'ERR_ENDPOINT_EXISTS',
      message: `${operation}: interface eth0 of ${pathOf('anna')} belongs to test/anna ${advice}`,
    });
    const theirs = { ...second, interfaceName: 'lo' };
    await assert.rejects(agent.addEndpoint(theirs), {
      code: 'ERR_ENDPOINT_EXISTS',
      message: `${operation}: interface lo of ${pathOf('anna')} belongs to somebody else ${advice}`,
    });
    assert.deepEqual(node.interfaces(), ['lo', 'skep1']);
    assert.deepEqual((await agent.status()).problems, []);
    await agent.addEndpoint({ ...second, interfaceName: 'eth1' });
    assert.equal((await agent.listEndpoints()).length, 2);
  });
});
