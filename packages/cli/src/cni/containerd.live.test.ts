/** Containers of containerd, which `ctr run --cni` connects by the plugin. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { CONTAINERD_PROGRAMS, Containerd } from './testing/containerd.ts';
import { cannotRunContainers } from './testing/container-node.ts';
import { ContainerWorld } from './testing/container-world.ts';
import { ANSWERS, askCommand, SERVE, STEPS } from './testing/policies.ts';

const noFolder = existsSync('/etc/cni/net.d') ? false : 'no /etc/cni/net.d (Debian: podman)';

describe('containers of containerd', {
  skip: cannotRunContainers(CONTAINERD_PROGRAMS) || noFolder,
}, () => {
  const world = new ContainerWorld('containerd');
  const containerd = new Containerd(world);
  const sleep = ['/bin/busybox', 'sleep', '1000'];

  before(async () => {
    world.runtimes = { containerdSocket: containerd.socket };
    await world.setUp();
    await containerd.setUp();
    world.addNetwork('shop', { network: 'shop' });
    for (const name of ['server', 'client', 'stranger']) {
      const command = name === 'server' ? ['/bin/sh', '-c', SERVE] : sleep;
      await containerd.start(name, `app=${name}`, command);
    }
  });

  after(async () => {
    await containerd.end();
    await world.tearDown();
  });

  const isAnswered = async (from: string, port: number, family: 'ipv4' | 'ipv6' = 'ipv4') => {
    const server = await world.endpoint(`${world.name}-server`);
    const answer = await containerd.exec(from, askCommand(server[family]!, port));
    return ANSWERS[port]!.test(answer);
  };

  const containers = async () => {
    const endpoints = await world.agent.listEndpoints();
    return endpoints.flatMap(({ attachment }) => attachment?.containerId ?? []);
  };

  test("a container's labels are the endpoint's, and its network's too", async () => {
    const { labels = {} } = await world.endpoint(`${world.name}-client`);
    assert.equal(labels.app, 'client');
    assert.equal(labels.network, 'shop');
  });

  for (const { name, apply, want } of STEPS) {
    test(`who reaches what under ${name}`, async () => {
      if (apply) await world.agent.applyPolicies(apply, 'policies.yaml');
      for (const [from, port, expected] of want) {
        assert.equal(await isAnswered(from, port), expected, `${from} to port ${port}`);
      }
    });
  }

  test('over IPv6 it is the same', async () => {
    assert.equal(await isAnswered('client', 8080, 'ipv6'), true);
    assert.equal(await isAnswered('stranger', 8080, 'ipv6'), false);
  });

  test('a container whose labels nobody knows is not connected', async () => {
    const { runtimes } = world;
    await world.stopAgent();
    world.runtimes = { containerdSocket: `${world.directory}/none.sock` };
    await world.startAgent();
    const failed = containerd.start('unknown', 'network=other', sleep);
    await assert.rejects(failed, /ask containerd at .*none\.sock for labels/);
    await world.stopAgent();
    world.runtimes = runtimes;
    await world.startAgent();
    const request = { name: 'unknown', namespace: 'default', labels: { network: 'other' } };
    const attachment = { network: 'shop', containerId: `${(await containers())[0]}x` };
    const adding = world.agent.addEndpoint({
      ...{ ...request, attachment, networkNamespace: '/run/netns/none', wantsAddresses: true },
    });
    await assert.rejects(adding, /it has no container .*, expected NAMESPACE-ID/);
    assert.equal((await world.agent.listEndpoints()).length, 3);
  });

  test('containers that end leave nothing', async () => {
    for (const name of ['client', 'stranger', 'server']) await containerd.stop(name);
    assert.deepEqual(await world.leftovers(), []);
  });
});
