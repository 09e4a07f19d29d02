/** The plugin as runtimes call it, with an agent on the kernel: the rules of the specification. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent, type EndpointView, serveAgent } from '@skep/agent';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { formatAddress, parsePrefix } from '@skep/wire';
import { type Answer, type Attached, callPlugin, writePlugin } from './testing/runtime.ts';

const PREFIX = `skep-cni-${process.pid}`;
const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 100_000);
const KILLS = 6;

function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

const ANNA: Attached = { containerId: 'anna', networkNamespace: pathOf('anna') };
const BERT: Attached = { containerId: 'bert', networkNamespace: pathOf('bert') };
const NAMES = ['node', 'outside', 'anna', 'bert'];

describe(`the plugin with an agent, seed ${SEED}`, { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-cni-'));
  const socket = join(directory, 'agent.sock');
  const options = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf('node'),
    // More than all tests together use while addresses cool down.
    addresses: { pools: ['10.95.0.0/24', 'fd95::/64'], reserved: ['10.95.0.1'] },
  };
  let plugin: string;
  let agent: Agent;
  let server: Server;

  const start = async (): Promise<void> => {
    agent = Agent.start(options);
    server = await serveAgent(agent, socket);
  };
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    agent.stop();
  };
  const inNamespace = <T>(name: string, task: (network: Network) => T): T => {
    const network = new Network(pathOf(name));
    try {
      return task(network);
    } finally {
      network.close();
    }
  };
  const config = (more: object = {}) => ({
    ...{ cniVersion: '1.1.0', name: 'trial', type: 'skep-cni', socket },
    ...more,
  });
  const call = (command: string, attached: Partial<Attached>, more: object = {}): Promise<Answer> =>
    callPlugin(plugin, command, attached, config(more));
  const add = async (
    attached: Attached,
    more: object = {},
  ): Promise<NonNullable<Answer['json']>> => {
    const { status, json } = await call('ADD', attached, more);
    assert.equal(status, 0, JSON.stringify(json));
    return json!;
  };
  const assertNothingLeft = async (): Promise<void> => {
    assert.deepEqual(await agent.listEndpoints(), []);
    const links = inNamespace('node', (network) => network.links.list().map(({ name }) => name));
    assert.deepEqual(links, ['lo', 'up']);
    for (const { taken } of await agent.listPools()) assert.equal(taken, 0);
  };
  const only = async (): Promise<EndpointView> => {
    const all = await agent.listEndpoints();
    assert.equal(all.length, 1);
    return all[0]!;
  };

  before(async () => {
    plugin = writePlugin(directory);
    for (const name of NAMES) createNamespace(`${PREFIX}-${name}`);
    inNamespace('node', ({ links, addresses, routes }) => {
      // A way out with an MTU of its own, which endpoints are to have.
      const outside = new Network(pathOf('outside'));
      const namespaceFd = outside.namespace.number;
      const up = { name: 'up', mtuBytes: 1400, isUp: true };
      const { index } = links.createVeth({ ...up, peer: { name: 'out', namespaceFd } });
      outside.links.set('out', { isUp: true });
      outside.close();
      addresses.add({
        linkIndex: index,
        address: parsePrefix('192.0.2.1').address,
        prefixLength: 24,
      });
      routes.add({ destination: parsePrefix('0.0.0.0/0'), via: parsePrefix('192.0.2.9').address });
    });
    await start();
  });

  after(async () => {
    server?.closeAllConnections();
    server?.close();
    await agent?.uninstall();
    for (const name of NAMES) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  for (const cniVersion of ['0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
    test(`${cniVersion}: a container comes and goes`, async () => {
      const args = 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_UID=u-1';
      const result = await add({ ...ANNA, args }, { cniVersion, labels: { app: 'web' } });
      const endpoint = await only();
      const { ipv4, ipv6, hostInterface, mac } = endpoint;
      assert.equal(`${endpoint.namespace}/${endpoint.name}`, 'shop/web');
      assert.deepEqual(endpoint.labels, { app: 'web' });
      assert.deepEqual(endpoint.attachment, {
        network: 'trial',
        containerId: 'anna',
        podUid: 'u-1',
      });
      const version = (number: string) => (cniVersion < '1.0.0' ? { version: number } : {});
      const mtu = cniVersion === '1.1.0' ? { mtu: 1400 } : {};
      assert.deepEqual(result, {
        cniVersion,
        interfaces: [
          { name: hostInterface, ...mtu },
          { name: 'eth0', mac, ...mtu, sandbox: ANNA.networkNamespace },
        ],
        ips: [
          { ...version('4'), address: `${ipv4}/32`, gateway: '169.254.1.1', interface: 1 },
          { ...version('6'), address: `${ipv6}/128`, gateway: 'fe80::1', interface: 1 },
        ],
        routes: [
          { dst: '0.0.0.0/0', gw: '169.254.1.1' },
          { dst: '::/0', gw: 'fe80::1' },
        ],
        dns: {},
      });
      const found = inNamespace('anna', ({ links, addresses }) => {
        const { index, mtuBytes } = links.get('eth0');
        return [mtuBytes, ...addresses.list(index).map(({ address }) => formatAddress(address))];
      });
      assert.deepEqual(found.slice(0, 3), [1400, ipv4, ipv6]);
      if (cniVersion !== '0.3.1') {
        const checked = await call('CHECK', ANNA, { cniVersion, prevResult: result });
        assert.deepEqual(checked, { status: 0 });
      }
      assert.deepEqual(await call('DEL', ANNA, { cniVersion, prevResult: result }), { status: 0 });
      await assertNothingLeft();
    });
  }

  test('what the runtime asks for by capability is had', async () => {
    const runtimeConfig = {
      ips: ['10.95.0.1/24', 'fd77::9'],
      mac: '0a:00:00:00:00:07',
      dns: { servers: ['192.0.2.53'], searches: ['example.org'] },
    };
    const args = { cni: { labels: [{ key: 'app', value: 'api' }] } };
    const result = await add(ANNA, { runtimeConfig, args });
    assert.deepEqual(
      result.ips?.map(({ address }) => address),
      ['10.95.0.1/32', 'fd77::9/128'],
    );
    assert.equal(result.interfaces?.[1]?.mac, runtimeConfig.mac);
    assert.deepEqual(result.dns, { nameservers: ['192.0.2.53'], search: ['example.org'] });
    assert.deepEqual((await only()).labels, { app: 'api' });
    await call('DEL', ANNA);
  });

  test('an interface of a container is added once', async () => {
    const result = await add(ANNA);
    const again = await call('ADD', ANNA);
    assert.deepEqual([again.status, again.json?.code], [1, 100]);
    assert.match(again.json!.msg!, /belongs to default\/anna$/);
    assert.deepEqual(await call('CHECK', ANNA, { prevResult: result }), { status: 0 });
    const second = await add({ ...ANNA, interfaceName: 'net1' });
    assert.notEqual(second.ips![0]!.address, result.ips![0]!.address);
    await call('DEL', { ...ANNA, interfaceName: 'net1' });
    assert.equal((await only()).name, 'anna');
    await call('DEL', ANNA);
  });

  test('what is added is added to what earlier plugins have said', async () => {
    const prevResult = {
      cniVersion: '1.1.0',
      interfaces: [{ name: 'theirs', sandbox: ANNA.networkNamespace }],
      ips: [{ address: '192.0.2.7/24', interface: 0 }],
      routes: [{ dst: '192.0.2.0/24' }],
      dns: { nameservers: ['192.0.2.53'] },
    };
    const result = await add(ANNA, { prevResult });
    assert.deepEqual(result.interfaces?.map(({ name }) => name)[0], 'theirs');
    assert.deepEqual(
      result.ips?.map((each) => each.interface),
      [0, 2, 2],
    );
    assert.equal(result.routes?.length, 3);
    assert.deepEqual(result.dns, prevResult.dns);
    assert.deepEqual(await call('CHECK', ANNA, { prevResult: result }), { status: 0 });
    await call('DEL', ANNA);
  });

  test('DEL is content with what is gone', async () => {
    await add(ANNA);
    for (const attached of [
      { ...ANNA, networkNamespace: '' },
      ANNA,
      { containerId: 'nobody', networkNamespace: '/run/netns/none' },
    ]) {
      assert.deepEqual(await call('DEL', attached), { status: 0 });
    }
    const failed = await call('ADD', ANNA, { runtimeConfig: { bandwidth: { ingressRate: 1 } } });
    assert.deepEqual([failed.status, failed.json?.code], [1, 2]);
    const bandwidth = { runtimeConfig: { bandwidth: { ingressRate: 1 } } };
    assert.deepEqual(await call('DEL', ANNA, bandwidth), { status: 0 });
    const missing = await call('ADD', { ...ANNA, networkNamespace: '/run/netns/none' });
    assert.deepEqual([missing.status, missing.json?.code], [1, 3]);
    await assertNothingLeft();
  });

  const TAMPERED: readonly { name: string; have: () => void; want: RegExp }[] = [
    {
      name: 'the address is removed',
      have: () =>
        inNamespace('anna', ({ links, addresses }) => {
          const { index } = links.get('eth0');
          addresses.remove({ ...addresses.list(index)[0]!, linkIndex: index });
        }),
      want: /address 10\.95\.0\.\d+: it is gone/,
    },
    {
      name: 'the route is removed',
      have: () =>
        inNamespace('anna', ({ routes }) => routes.delete({ destination: parsePrefix('::/0') })),
      want: /default route of IPv6 by fe80::1: it is gone/,
    },
    {
      name: 'the interface is switched off',
      have: () => inNamespace('anna', ({ links }) => links.set('eth0', { isUp: false })),
      want: /interface eth0: it is down/,
    },
    {
      name: 'the interface is renamed',
      have: () =>
        inNamespace('anna', ({ links }) => {
          links.set('eth0', { isUp: false });
          links.set('eth0', { name: 'eth7' });
        }),
      want: /interface eth0: it is gone/,
    },
    {
      name: "the host's route is removed",
      have: () =>
        inNamespace('node', ({ links, routes }) => {
          const { index } = links.list().find(({ name }) => name.startsWith('skep'))!;
          const [route] = routes.list({ family: 4, linkIndex: index });
          routes.delete({ destination: route!.destination });
        }),
      want: /host route to 10\.95\.0\.\d+\/32 by skep\d+: it is gone/,
    },
    {
      name: "the host's end is removed",
      have: () =>
        inNamespace('node', ({ links }) => {
          links.delete(links.list().find(({ name }) => name.startsWith('skep'))!.index);
        }),
      want: /host interface skep\d+: it is gone/,
    },
  ];
  for (const { name, have, want } of TAMPERED) {
    test(`CHECK tells when ${name}`, async () => {
      const prevResult = await add(ANNA);
      have();
      const { status, json } = await call('CHECK', ANNA, { prevResult });
      assert.deepEqual([status, json?.code], [1, 101]);
      assert.match(json!.msg!, want);
      assert.deepEqual(await call('DEL', ANNA), { status: 0 });
      await assertNothingLeft();
    });
  }

  test('CHECK tells when the agent does not know the container', async () => {
    const prevResult = await add(ANNA);
    await agent.removeEndpoint('default/anna');
    const { status, json } = await call('CHECK', ANNA, { prevResult });
    assert.deepEqual([status, json?.code], [1, 3]);
  });

  test('GC removes what is not listed, of its own network only', async () => {
    await add(ANNA);
    await add({ ...ANNA, interfaceName: 'net1' }, { name: 'other' });
    await add(BERT);
    const valid = [{ containerID: 'bert', ifname: 'eth0' }];
    assert.deepEqual(await call('GC', {}, { 'cni.dev/valid-attachments': valid }), { status: 0 });
    const left = (await agent.listEndpoints()).map(({ name }) => name);
    assert.deepEqual(left.sort(), ['anna@net1', 'bert']);
    const none = { 'cni.dev/valid-attachments': [] };
    for (const name of ['trial', 'other']) await call('GC', {}, { ...none, name });
    await assertNothingLeft();
  });

  test('a container whose end was never told does not stand in the way', async () => {
    await add({ ...ANNA, args: 'K8S_POD_NAME=web' });
    inNamespace('anna', ({ links }) => links.delete('eth0'));
    await add({ ...BERT, args: 'K8S_POD_NAME=web' });
    assert.equal((await only()).attachment?.containerId, 'bert');
    await call('DEL', BERT);
  });

  test('a call made while the agent starts anew waits and succeeds', async () => {
    await stop();
    const added = call('ADD', ANNA);
    await start();
    assert.equal((await added).status, 0);
    await stop();
    const removed = call('DEL', ANNA);
    await start();
    assert.deepEqual(await removed, { status: 0 });
    await assertNothingLeft();
  });

  test('an agent that does not come back is told in time', async () => {
    await stop();
    const { status, json } = await call('ADD', ANNA, { waitSeconds: 0.3 });
    assert.deepEqual([status, json?.code], [1, 11]);
    const asked = await call('STATUS', {});
    assert.deepEqual([asked.status, asked.json?.code], [1, 50]);
    await start();
    assert.deepEqual(await call('STATUS', {}), { status: 0 });
  });

  test('a plugin that is killed leaves nothing that DEL does not take', async () => {
    let state = SEED;
    for (let kill = 0; kill < KILLS; kill++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const milliseconds = (state / 2 ** 32) * 600;
      await callPlugin(plugin, 'ADD', ANNA, config(), milliseconds);
      assert.deepEqual(await call('DEL', ANNA), { status: 0 });
      await assertNothingLeft();
    }
    await add(ANNA);
    await call('DEL', ANNA);
  });

  test('a pool that is used up is an error to try again later', async () => {
    await stop();
    const pools = ['10.95.9.1'];
    agent = Agent.start({ ...options, addresses: { pools } });
    server = await serveAgent(agent, socket);
    await add(ANNA);
    const { json } = await call('ADD', BERT);
    assert.equal(json?.code, 11);
    assert.match(json!.msg!, /all 1 addresses of the IPv4 pool 10\.95\.9\.1 are taken/);
    const asked = await call('STATUS', {});
    assert.deepEqual([asked.status, asked.json?.code], [1, 50]);
    await call('DEL', ANNA);
    await stop();
    await start();
    await assertNothingLeft();
  });
});
