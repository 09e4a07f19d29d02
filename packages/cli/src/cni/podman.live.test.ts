/** Containers of podman, which finds the plugin where `skep cni install` has put it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { cannotRunContainers } from './testing/container-node.ts';
import { ContainerWorld } from './testing/container-world.ts';
import { PODMAN_PROGRAMS, Podman } from './testing/podman.ts';
import { ANSWERS, askCommand, SERVE, STEPS } from './testing/policies.ts';

describe('containers of podman', { skip: cannotRunContainers(PODMAN_PROGRAMS) }, () => {
  const world = new ContainerWorld('podman');
  let podman: Podman;

  before(async () => {
    await world.setUp();
    podman = new Podman(world);
    for (const name of ['client', 'stranger', 'server']) world.addNetwork(name, { app: name });
    world.addNetwork('shop', { tier: 'shop' });
    await podman.makeImage();
    await podman.start('server', ['--network', 'server'], ['/bin/sh', '-c', SERVE]);
    for (const name of ['client', 'stranger']) {
      await podman.start(name, ['--network', name], ['/bin/busybox', 'sleep', '1000']);
    }
  });

  after(async () => {
    await podman?.end();
    await world.tearDown();
  });

  const isAnswered = async (from: string, port: number, family: 'ipv4' | 'ipv6' = 'ipv4') => {
    const server = await world.endpoint('server');
    const answer = await podman.exec(from, askCommand(server[family]!, port));
    return ANSWERS[port]!.test(answer);
  };

  test('podman knows the addresses that the agent gave', async () => {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    const shown = await podman.call('inspect', '--format', format, 'server');
    const { ipv4, attachment, labels } = await world.endpoint('server');
    assert.equal(shown.trim(), ipv4);
    assert.deepEqual(labels, { app: 'server' });
    assert.equal(attachment?.network, 'server');
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

  test('containers and policy go on without an agent, and with the next one', async () => {
    await world.agent.status();
    const { ipv4 } = await world.endpoint('server');
    await world.stopAgent();
    const asked = await podman.exec('client', askCommand(ipv4!, 8080));
    assert.match(asked, ANSWERS[8080]!);
    await world.startAgent();
    assert.equal(await isAnswered('stranger', 8080), false);
  });

  test('a container can have an address of its own, and ports of the node', async (t) => {
    const { status, output } = await world.run('/usr/lib/cni/portmap', [], {
      CNI_COMMAND: 'VERSION',
    });
    if (status === null || !output.includes('supportedVersions')) return t.skip('no portmap');
    world.addNetwork('mapped', { app: 'mapped' }, { hasPortMappings: true });
    const options = ['--network', 'mapped', '--ip', '10.94.0.77', '--publish', '8099:8080'];
    await podman.start('mapped', options, ['/bin/busybox', 'httpd', '-f', '-p', '8080']);
    assert.equal((await world.endpoint('mapped')).ipv4, '10.94.0.77');
    const own = ['ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo'];
    await world.run('busybox', own);
    const asked = await world.run('/bin/sh', askCommand('192.0.2.1', 8099).slice(1));
    assert.match(asked.output, ANSWERS[8080]!);
    // From another container, and from its own; a netkit device forgets who sends.
    const { deviceKind } = await world.endpoint('mapped');
    for (const name of ['stranger', 'mapped']) {
      const inside = await podman.exec(name, askCommand('192.0.2.1', 8099));
      assert.equal(ANSWERS[8080]!.test(inside), deviceKind === 'veth', `${name}: ${inside}`);
    }
    await podman.call('rm', '--force', '--time', '0', 'mapped');
    return undefined;
  });

  test('labels that podman tells after the start: closed until then', async () => {
    await world.stopAgent();
    world.runtimes = { podmanSocket: podman.socket };
    await world.startAgent();
    const late = ['--network', 'shop', '--label', 'app=client', '--label', 'tier=mine'];
    await podman.start('late', late, ['/bin/busybox', 'sleep', '1000']);
    const { labels, networkLabels } = await world.endpoint('late');
    assert.deepEqual([labels, networkLabels], [undefined, { tier: 'shop' }]);
    assert.equal(await isAnswered('late', 8080), false);
    const [problem] = (await world.agent.status()).problems;
    assert.match(
      problem!,
      /^labels of container [0-9a-f]{12} are not known, it is closed: ask pod/,
    );

    // The next agent asks as well.
    await world.stopAgent();
    await world.startAgent();
    await podman.serve();
    await eventually(async () => (await world.endpoint('late')).labels !== undefined);
    const known = await world.endpoint('late');
    const want = [{ app: 'client', tier: 'shop' }, undefined];
    assert.deepEqual([known.labels, known.networkLabels], want);
    assert.equal(await isAnswered('late', 8080), true);
    assert.deepEqual((await world.agent.status()).problems, []);

    await podman.start('later', late, ['/bin/busybox', 'sleep', '1000']);
    await eventually(async () => (await world.endpoint('later')).labels?.app === 'client');
  });

  test('containers that are removed leave nothing', async () => {
    await podman.call('rm', '--all', '--force', '--time', '0');
    assert.deepEqual(await world.leftovers(), []);
    assert.deepEqual(
      (await world.agent.listPools()).map(({ taken }) => taken),
      [0, 0],
    );
  });
});

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let left = 200; left > 0; left--) {
    if (await isSo()) return;
    await setTimeout(50);
  }
  throw new Error('not within 10 s');
}
