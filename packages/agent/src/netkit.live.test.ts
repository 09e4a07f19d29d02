/**
 * An agent whose endpoints are behind netkit devices, beside one of before that keeps its veth; in
 * network namespaces of the test's own, with real traffic.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canUseBpf, explainMissing, unpinObject } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { inNetworkNamespace, openPacketSocket, sendFrame } from '@skep/sys';
import { EtherType, formatMac, makeFrame, parseAddress, TcpFlag } from '@skep/wire';
import { Agent } from './agent.ts';
import type { DeviceKind } from './devices/device-kind.ts';
import { ONLY_ANNA } from './testing/policies.ts';
import { Talker } from './testing/talk.ts';
import type { EndpointRequest } from './views.ts';

const PREFIX = `skep-netkit-${process.pid}`;
const NAMES = ['anna', 'bert', 'carl'] as const;
type Name = (typeof NAMES)[number];
const PORT = 7000;
const NODE_ADDRESS = { 4: '10.97.9.9', 6: 'fd97:9::9' } as const;

function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

function addressOf(name: Name, family: 4 | 6): string {
  const host = NAMES.indexOf(name) + 1;
  return family === 4 ? `10.97.0.${host}` : `fd97::${host}`;
}

function requestOf(name: Name): EndpointRequest {
  return {
    ...{ name, namespace: 'test', labels: { app: name } },
    ...{ ipv4: addressOf(name, 4), ipv6: addressOf(name, 6), networkNamespace: pathOf(name) },
  };
}

const skip = canUseBpf() ?? explainMissing('netkit') ?? false;

describe('endpoints behind netkit devices, and one behind a veth', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-netkit-'));
  const options = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf('node'),
  };
  const talkers = new Map<string, Talker>();
  let agent: Agent;

  function at<T>(name: string, task: (network: Network) => T): T {
    const network = new Network(pathOf(name));
    try {
      return task(network);
    } finally {
      network.close();
    }
  }

  function start(device: DeviceKind): void {
    agent?.stop();
    agent = Agent.start({ ...options, device });
  }

  before(async () => {
    for (const name of ['node', ...NAMES]) createNamespace(`${PREFIX}-${name}`);
    at('node', (network) => {
      network.links.set('lo', { isUp: true });
      const { index: linkIndex } = network.links.get('lo');
      for (const family of [4, 6] as const) {
        const address = parseAddress(NODE_ADDRESS[family]);
        network.addresses.add({ linkIndex, address, prefixLength: family === 4 ? 32 : 128 });
      }
    });
    start('veth');
    await agent.addEndpoint(requestOf('anna'));
    start('netkit');
    for (const name of ['bert', 'carl'] as const) await agent.addEndpoint(requestOf(name));
    for (const name of ['node', ...NAMES]) {
      const talker = new Talker(pathOf(name));
      talkers.set(name, talker);
      await talker.ask({ serve: PORT });
    }
  });

  after(async () => {
    for (const talker of talkers.values()) talker.stop();
    await agent?.uninstall();
    for (const name of ['node', ...NAMES]) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  async function meet(from: string, address: string): Promise<string> {
    const talker = talkers.get(from)!;
    const opened = await talker.ask({ connect: address, port: PORT });
    return opened === 'connected' ? talker.ask({ say: 'hello' }) : opened;
  }

  test('each says what it is connected by', async () => {
    const kinds = (await agent.listEndpoints()).map(({ deviceKind }) => deviceKind);
    assert.deepEqual(kinds, ['veth', 'netkit', 'netkit']);
    const status = await agent.status();
    assert.deepEqual([status.deviceKind, status.problems], ['netkit', []]);
    const found = at('node', ({ links }) => ['skep1', 'skep2'].map((name) => links.get(name).kind));
    assert.deepEqual(found, ['veth', 'netkit']);
  });

  test('all talk with all, and with the node, over IPv4 and IPv6', async () => {
    for (const family of [4, 6] as const) {
      for (const from of NAMES) {
        for (const to of NAMES.filter((name) => name !== from)) {
          assert.equal(await meet(from, addressOf(to, family)), 'hello', `${from} to ${to}`);
        }
        assert.equal(await meet(from, NODE_ADDRESS[family]), 'hello', `${from} to the node`);
        assert.equal(await meet('node', addressOf(from, family)), 'hello', `the node to ${from}`);
      }
    }
  });

  test('a policy holds for both, whichever of them asks', async () => {
    await agent.applyPolicies(ONLY_ANNA, 'bert.yaml');
    for (const family of [4, 6] as const) {
      assert.equal(await meet('anna', addressOf('bert', family)), 'hello');
      assert.equal(await meet('carl', addressOf('bert', family)), 'silence');
      assert.equal(await meet('bert', addressOf('carl', family)), 'hello');
    }
    await agent.deletePolicies(['NetworkPolicy/test/bert']);
    assert.equal(await meet('carl', addressOf('bert', 4)), 'hello');
  });

  test('a packet from one to another is counted once', async () => {
    assert.equal(await meet('carl', addressOf('bert', 4)), 'hello');
    const count = async (): Promise<number> => (await agent.status()).forwardedPackets;
    const link = (): bigint =>
      at('node', ({ links }) => links.get('skep3').statistics!.sentPackets);
    const before = { counted: await count(), received: link() };
    for (let line = 0; line < 10; line++) await talkers.get('carl')!.ask({ say: `line ${line}` });
    // Carl's end receives an echo for each line, and perhaps an acknowledgment of its own.
    const received = Number(link() - before.received);
    const counted = (await count()) - before.counted;
    assert.ok(counted >= 2 * 10 && counted < 4 * received, `${counted} for ${received} received`);
  });

  test('a frame that says another type than its sender does goes nowhere', async () => {
    const { index, mac, gateway } = at('carl', (inside) => {
      const { index, mac } = inside.links.get('eth0');
      return { index, mac: mac!, gateway: at('node', ({ links }) => links.get('skep3').mac!) };
    });
    const frame = makeFrame({
      ...{ sourceMac: formatMac(mac), destinationMac: formatMac(gateway) },
      ...{ source: addressOf('carl', 4), destination: NODE_ADDRESS[4] },
      tcp: { sourcePort: 40_000, destinationPort: PORT, flags: TcpFlag.SYN },
    });
    const drops = async (): Promise<number> =>
      (await agent.status()).droppedPackets['invalid packet'] ?? 0;
    const before = await drops();
    const socket = inNetworkNamespace(pathOf('carl'), () =>
      openPacketSocket(index, EtherType.IPv6),
    );
    try {
      sendFrame(socket, frame);
    } finally {
      socket.close();
    }
    assert.equal((await drops()) - before, 1);
  });

  test('an interface that has the index inside already is left alone', async () => {
    const name = `${PREFIX}-dora`;
    createNamespace(name);
    try {
      const taken = at('dora', ({ links }) => {
        return links.createVeth({ name: 'theirs', index: 10_004, peer: { name: 'others' } }).index;
      });
      const ipv4 = '10.97.0.4';
      const base = { name: 'dora', namespace: 'test', labels: {}, ipv4 };
      await agent.addEndpoint({ ...base, networkNamespace: pathOf('dora') });
      const inside = at('dora', ({ links }) => links.get('eth0').index);
      assert.notEqual(inside, taken);
      assert.equal(
        at('node', ({ links }) => links.get('skep4').index),
        inside,
      );
      assert.equal(await meet('node', addressOf('carl', 4)), 'hello');
      assert.equal(await agent.removeEndpoint('test/dora'), true);
    } finally {
      deleteNamespace(name);
    }
  });

  test('a check finds what was changed', async () => {
    const name = `${PREFIX}-emil`;
    createNamespace(name);
    try {
      const key = { containerId: 'emil', interfaceName: 'eth0' };
      const attachment = { network: 'test', containerId: key.containerId };
      const base = { name: 'emil', namespace: 'test', labels: {}, ipv4: '10.97.0.5', attachment };
      const { hostInterface } = await agent.addEndpoint({
        ...base,
        networkNamespace: pathOf('emil'),
      });
      const problems = async (): Promise<readonly string[]> =>
        (await agent.checkAttachment(key, pathOf('emil'))).problems;
      assert.deepEqual(await problems(), []);
      const { index, group } = at('node', ({ links }) => links.get(hostInterface));
      at('node', ({ links }) => {
        links.delete(index);
        links.createVeth({ name: hostInterface, group, peer: { name: 'other' } });
      });
      const found = await problems();
      assert.ok(found.includes(`host interface ${hostInterface}: a veth, expected a netkit`));
      assert.equal(await agent.removeAttachment(key), true);
    } finally {
      deleteNamespace(name);
    }
  });

  test('without its programs an endpoint is closed, until they are there again', async () => {
    const served = talkers.get('carl')!;
    assert.equal(await meet('carl', addressOf('bert', 4)), 'hello');
    agent.stop();
    for (const direction of ['ingress', 'egress']) {
      unpinObject(join(options.bpffsDirectory, 'links', `3-${direction}`));
    }
    assert.equal(await served.ask({ say: 'hello' }), 'silence', 'of an open connection');
    assert.equal(await meet('carl', NODE_ADDRESS[4]), 'silence', 'to the node');
    assert.equal(await meet('node', addressOf('carl', 4)), 'silence', 'from the node');
    assert.equal(await meet('anna', addressOf('bert', 4)), 'hello', 'others go on');
    start('netkit');
    assert.deepEqual((await agent.status()).problems, []);
    assert.equal(await meet('carl', addressOf('bert', 4)), 'hello');
    assert.equal(await meet('node', addressOf('carl', 6)), 'hello');
  });

  test('an agent that makes veths keeps the netkit devices that are there', async () => {
    start('veth');
    const kinds = (await agent.listEndpoints()).map(({ deviceKind }) => deviceKind);
    assert.deepEqual(kinds, ['veth', 'netkit', 'netkit']);
    assert.equal(await meet('carl', addressOf('bert', 6)), 'hello');
    assert.equal(await meet('bert', addressOf('anna', 4)), 'hello');
  });

  test('uninstalled, it leaves nothing, inside neither', async () => {
    await agent.uninstall();
    for (const name of ['node', ...NAMES]) {
      const names = at(name, ({ links }) => links.list().map((link) => link.name));
      assert.deepEqual(names, ['lo'], name);
    }
  });
});
