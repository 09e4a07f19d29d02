/** The plugin as runtimes call it, with an agent on the kernel: the rules of the specification. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { canUseBpf, hasTcx, openLinkById, queryTcx } from '@skep/bpf';
import { inNetworkNamespace } from '@skep/sys';
import { formatAddress, parsePrefix } from '@skep/wire';
import { PluginWorld } from './testing/plugin-world.ts';

describe('the plugin with an agent', { skip: canUseBpf() ?? false }, () => {
  const world = new PluginWorld('rules');
  const { anna, bert } = world;
  before(() => world.setUp());
  after(() => world.tearDown());

  for (const cniVersion of ['0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
    test(`${cniVersion}: a container comes and goes`, async () => {
      const args = 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_UID=u-1';
      const result = await world.add({ ...anna, args }, { cniVersion, labels: { app: 'web' } });
      const endpoint = await world.only();
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
          { name: 'eth0', mac, ...mtu, sandbox: anna.networkNamespace },
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
      const found = world.within('anna', ({ links, addresses }) => {
        const { index, mtuBytes } = links.get('eth0');
        return [mtuBytes, ...addresses.list(index).map(({ address }) => formatAddress(address))];
      });
      assert.deepEqual(found.slice(0, 3), [1400, ipv4, ipv6]);
      if (cniVersion !== '0.3.1') {
        const checked = await world.call('CHECK', anna, { cniVersion, prevResult: result });
        assert.deepEqual(checked, { status: 0 });
      }
      assert.deepEqual(await world.call('DEL', anna, { cniVersion, prevResult: result }), {
        status: 0,
      });
      await world.assertNothingLeft();
    });
  }

  test('what the runtime asks for by capability is had', async () => {
    const runtimeConfig = {
      ips: ['10.95.0.1/24', 'fd77::9'],
      mac: '0a:00:00:00:00:07',
      dns: { servers: ['192.0.2.53'], searches: ['example.org'] },
    };
    const args = { cni: { labels: [{ key: 'app', value: 'api' }] } };
    const result = await world.add(anna, { runtimeConfig, args });
    assert.deepEqual(
      result.ips?.map(({ address }) => address),
      ['10.95.0.1/32', 'fd77::9/128'],
    );
    assert.equal(result.interfaces?.[1]?.mac, runtimeConfig.mac);
    assert.deepEqual(result.dns, { nameservers: ['192.0.2.53'], search: ['example.org'] });
    assert.deepEqual((await world.only()).labels, { app: 'api' });
    await world.call('DEL', anna);
  });

  test('a container brings no address of the node', async () => {
    for (const address of ['192.0.2.1', '192.0.2.255', '169.254.1.1', '127.0.0.1', '0.0.0.0']) {
      const runtimeConfig = { ips: [`${address}/24`] };
      const { status, json } = await world.call('ADD', anna, { runtimeConfig });
      assert.deepEqual([status, json?.code], [1, 7], address);
    }
    await world.assertNothingLeft();
  });

  test('a container has an address of the pools, by whatever way it asks', async () => {
    const outside = ['192.0.2.7', '9.9.9.9', 'fd96::1'];
    for (const address of outside) {
      const ips = [address];
      const ways: readonly [object, string?][] = [
        [{ runtimeConfig: { ips } }],
        [{ args: { cni: { ips } } }],
        [{}, `IP=${address}`],
      ];
      for (const [more, args] of ways) {
        const { status, json } = await world.call('ADD', { ...anna, ...(args && { args }) }, more);
        assert.deepEqual([status, json?.code], [1, 7], address);
        assert.match(json!.msg!, / is in none of the agent's pools 10\.95\.0\.0\/24, fd95::\/64/);
      }
    }
    await world.assertNothingLeft();
  });

  test("no endpoint has the address of the node's router, though it is in a pool", async () => {
    const request = { name: 'thief', namespace: 'shop', networkNamespace: bert.networkNamespace };
    const brought = world.agent.addEndpoint({ ...request, ipv4: '192.0.2.9' });
    await assert.rejects(brought, {
      message: /192\.0\.2\.9 belongs to the node, or is its router/,
    });
    await world.stop();
    await world.start(['192.0.2.8-192.0.2.10']);
    const { problems } = await world.agent.status();
    assert.deepEqual(problems, [
      'pool 192.0.2.8-192.0.2.10: packets to 192.0.2.0/24 leave by up, so that endpoints may ' +
        'have addresses of others (give the agent another --pool, or --reserve what others have)',
    ]);
    const first = await world.add(anna);
    const second = await world.add(bert);
    assert.deepEqual(
      [first, second].map(({ ips }) => ips![0]!.address),
      ['192.0.2.8/32', '192.0.2.10/32'],
    );
    for (const attached of [anna, bert]) await world.call('DEL', attached);
    await world.stop();
    await world.start();
    await world.assertNothingLeft();
  });

  test('an ADD that fails takes no address from others', async () => {
    const before = await world.agent.listPools();
    const unused = { name: 'unused', namespace: 'shop', networkNamespace: anna.networkNamespace };
    const wrong: readonly [object, string][] = [
      [{ interfaceName: 'lo' }, 'ERR_ENDPOINT_EXISTS'],
      [{ networkNamespace: world.pathOf('node') }, 'ERR_ENDPOINT_NAMESPACE'],
      [{ networkNamespace: '/etc/passwd' }, 'ERR_ENDPOINT_NAMESPACE'],
      // Known only when it is made.
      [{ interfaceName: '.' }, 'ERR_NETLINK'],
    ];
    for (const [more, code] of wrong) {
      const added = world.agent.addEndpoint({ ...unused, wantsAddresses: true, ...more });
      await assert.rejects(added, { code });
    }
    assert.deepEqual(await world.agent.listPools(), before);
  });

  test('an interface of a container is added once', async () => {
    const result = await world.add(anna);
    const again = await world.call('ADD', anna);
    assert.deepEqual([again.status, again.json?.code], [1, 100]);
    assert.match(again.json!.msg!, /belongs to default\/anna$/);
    assert.deepEqual(await world.call('CHECK', anna, { prevResult: result }), { status: 0 });
    const second = await world.add({ ...anna, interfaceName: 'net1' });
    assert.notEqual(second.ips![0]!.address, result.ips![0]!.address);
    await world.call('DEL', { ...anna, interfaceName: 'net1' });
    assert.equal((await world.only()).name, 'anna');
    await world.call('DEL', anna);
  });

  test('what is added is added to what earlier plugins have said', async () => {
    const prevResult = {
      cniVersion: '1.1.0',
      interfaces: [{ name: 'theirs', sandbox: anna.networkNamespace }],
      ips: [{ address: '192.0.2.7/24', interface: 0 }],
      routes: [{ dst: '192.0.2.0/24' }],
      dns: { nameservers: ['192.0.2.53'] },
    };
    const result = await world.add(anna, { prevResult });
    assert.deepEqual(result.interfaces?.map(({ name }) => name)[0], 'theirs');
    assert.deepEqual(
      result.ips?.map((each) => each.interface),
      [0, 2, 2],
    );
    assert.equal(result.routes?.length, 3);
    assert.deepEqual(result.dns, prevResult.dns);
    assert.deepEqual(await world.call('CHECK', anna, { prevResult: result }), { status: 0 });
    await world.call('DEL', anna);
  });

  test('what the agent finds of a namespace is told as what the plugin finds', async () => {
    const other = { ...anna, networkNamespace: '/proc/self/ns/uts' };
    const { status, json } = await world.call('ADD', other);
    assert.deepEqual([status, json?.code], [1, 4]);
    assert.match(json!.msg!, /: \/proc\/self\/ns\/uts is no network namespace, expected/);
  });

  test('an agent that is well answers also who does not wait, and whose wait is none', async () => {
    await world.add(anna, { waitSeconds: 0 });
    assert.deepEqual(await world.call('DEL', anna, { waitSeconds: 3_000_000 }), { status: 0 });
    await world.assertNothingLeft();
  });

  test('DEL is content with what is gone', async () => {
    await world.add(anna);
    for (const attached of [
      { ...anna, networkNamespace: '' },
      anna,
      { containerId: 'nobody', networkNamespace: '/run/netns/none' },
    ]) {
      assert.deepEqual(await world.call('DEL', attached), { status: 0 });
    }
    const failed = await world.call('ADD', anna, {
      runtimeConfig: { bandwidth: { ingressRate: 1 } },
    });
    assert.deepEqual([failed.status, failed.json?.code], [1, 2]);
    const bandwidth = { runtimeConfig: { bandwidth: { ingressRate: 1 } } };
    assert.deepEqual(await world.call('DEL', anna, bandwidth), { status: 0 });
    for (const mistyped of [
      ...[{ labels: ['a'] }, { waitSeconds: '3' }, { namespace: 7 }, { runtimeConfig: [] }],
      ...[{ args: [] }, { args: { cni: [] } }, { runtimeConfig: { ips: 7 } }],
    ]) {
      const refused = await world.call('ADD', anna, mistyped);
      assert.deepEqual([refused.status, refused.json?.code], [1, 7], JSON.stringify(mistyped));
      assert.deepEqual(await world.call('DEL', anna, mistyped), { status: 0 });
    }
    const missing = await world.call('ADD', { ...anna, networkNamespace: '/run/netns/none' });
    assert.deepEqual([missing.status, missing.json?.code], [1, 3]);
    await world.assertNothingLeft();
  });

  const TAMPERED: readonly { name: string; have: () => void; want: RegExp }[] = [
    {
      name: 'the address is removed',
      have: () =>
        world.within('anna', ({ links, addresses }) => {
          const { index } = links.get('eth0');
          addresses.remove({ ...addresses.list(index)[0]!, linkIndex: index });
        }),
      want: /address 10\.95\.0\.\d+: it is gone/,
    },
    {
      name: 'the route is removed',
      have: () =>
        world.within('anna', ({ routes }) => routes.delete({ destination: parsePrefix('::/0') })),
      want: /default route of IPv6 by fe80::1: it is gone/,
    },
    {
      name: 'the interface is switched off',
      have: () => world.within('anna', ({ links }) => links.set('eth0', { isUp: false })),
      want: /interface eth0: it is down/,
    },
    {
      name: 'the interface is renamed',
      have: () =>
        world.within('anna', ({ links }) => {
          links.set('eth0', { isUp: false });
          links.set('eth0', { name: 'eth7' });
        }),
      want: /interface eth0: it is gone/,
    },
    {
      name: 'the MTU is changed',
      have: () => world.within('anna', ({ links }) => links.set('eth0', { mtuBytes: 1300 })),
      want: /interface eth0: MTU 1300, expected 1400/,
    },
    {
      name: "the host's route is removed",
      have: () =>
        world.within('node', ({ links, routes }) => {
          const { index } = links.list().find(({ name }) => name.startsWith('skep'))!;
          const [route] = routes.list({ family: 4, linkIndex: index });
          routes.delete({ destination: route!.destination });
        }),
      want: /host route to 10\.95\.0\.\d+\/32 by skep\d+: it is gone/,
    },
    {
      name: "the host's end is removed",
      have: () =>
        world.within('node', ({ links }) => {
          links.delete(links.list().find(({ name }) => name.startsWith('skep'))!.index);
        }),
      want: /host interface skep\d+: it is gone/,
    },
  ];
  for (const { name, have, want } of TAMPERED) {
    test(`CHECK tells when ${name}`, async () => {
      const prevResult = await world.add(anna);
      let found = { status: 0 } as Awaited<ReturnType<typeof world.call>>;
      // On a busy machine the agent may have mended it before it is asked.
      for (let tries = 0; tries < 5 && found.status === 0; tries++) {
        have();
        found = await world.call('CHECK', anna, { prevResult });
      }
      const { status, json } = found;
      assert.deepEqual([status, json?.code], [1, 101]);
      assert.match(json!.msg!, want);
      assert.deepEqual(await world.call('DEL', anna), { status: 0 });
      await world.assertNothingLeft();
    });
  }

  test('the MTU follows that of the way out, also while no agent runs', async () => {
    const prevResult = await world.add(anna);
    const setUplink = (mtuBytes: number): void =>
      world.within('node', ({ links }) => links.set('up', { mtuBytes }));
    const mtus = async (): Promise<number[]> => {
      const { hostInterface } = await world.only();
      const outside = world.within('node', ({ links }) => links.get(hostInterface).mtuBytes);
      return [world.within('anna', ({ links }) => links.get('eth0').mtuBytes), outside];
    };
    try {
      for (const mtuBytes of [1320, 1380]) {
        setUplink(mtuBytes);
        const wanted = `${mtuBytes},${mtuBytes}`;
        const deadline = performance.now() + 30_000;
        while (String(await mtus()) !== wanted) {
          assert.ok(performance.now() < deadline, `${await mtus()}, expected ${wanted}`);
          await setTimeout(50);
        }
        assert.equal((await world.only()).mtuBytes, mtuBytes);
        assert.deepEqual(await world.call('CHECK', anna, { prevResult }), { status: 0 });
      }
      await world.stop();
    } finally {
      setUplink(1400);
    }
    await world.start();
    assert.deepEqual(await mtus(), [1400, 1400]);
    assert.deepEqual((await world.agent.status()).problems, []);
    await world.call('DEL', anna);
  });

  test('CHECK tells when a program is taken off, and the agent puts it back', async () => {
    const prevResult = await world.add(anna);
    const hostInterface = (await world.only()).hostInterface;
    world.within('node', ({ links, namespace, trafficControl }) => {
      const { index } = links.get(hostInterface);
      if (!hasTcx()) return trafficControl.deleteClsact(index);
      const [attached] = inNetworkNamespace(namespace, () => queryTcx(index, 'egress').programs);
      const link = openLinkById(attached!.linkId);
      link.detach();
      link.close();
    });
    // Asked before anything else may happen in this process.
    const { problems } = await world.agent.checkAttachment(
      { containerId: 'anna', interfaceName: 'eth0' },
      anna.networkNamespace,
    );
    assert.match(problems[0]!, /^program at egress of skep\d+: it is gone$/);
    const isWhole = async () => (await world.call('CHECK', anna, { prevResult })).status === 0;
    for (let tries = 0; !(await isWhole()); tries++) assert.ok(tries < 100, 'it stays away');
    const told = (await world.agent.status()).problems.join();
    assert.match(told, /^endpoint default\/anna: somebody has taken its programs off/);
    await world.call('DEL', anna);
  });

  test('CHECK tells when the agent does not know the container', async () => {
    const prevResult = await world.add(anna);
    await world.agent.removeEndpoint('default/anna');
    const { status, json } = await world.call('CHECK', anna, { prevResult });
    assert.deepEqual([status, json?.code], [1, 3]);
  });

  test('GC removes what is not listed, of its own network only', async () => {
    await world.add(anna);
    await world.add({ ...anna, interfaceName: 'net1' }, { name: 'other' });
    await world.add(bert);
    const valid = [{ containerID: 'bert', ifname: 'eth0' }];
    assert.deepEqual(await world.call('GC', {}, { 'cni.dev/valid-attachments': valid }), {
      status: 0,
    });
    const left = (await world.agent.listEndpoints()).map(({ name }) => name);
    assert.deepEqual(left.sort(), ['anna@net1', 'bert']);
    // As libcni, which is in Go, writes an empty list.
    const none = { 'cni.dev/valid-attachments': null };
    for (const name of ['trial', 'other']) await world.call('GC', {}, { ...none, name });
    await world.assertNothingLeft();
  });
});
