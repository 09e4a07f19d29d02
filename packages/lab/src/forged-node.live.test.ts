/** A neighbour of the node that sends from the node's own addresses, with real frames. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { canUseBpf } from '@skep/bpf';
import { inNetworkNamespace, openPacketSocket, receiveFrame, sendFrame } from '@skep/sys';
import { EtherType, formatMac, makeFrame } from '@skep/wire';
import { MasqueradeWorld, NEAR, NODE, SERVER_PORT as port } from './testing/masquerade-world.ts';

type Socket = ReturnType<typeof openPacketSocket>;
const scale = Number(process.env.SKEP_TIME_SCALE ?? 1);
const ANNA = { 4: '10.96.0.1', 6: 'fd96::1' } as const;
const BERT = { 4: '10.96.0.2', 6: 'fd96::2' } as const;
/** What endpoints know as their gateway: the kernel does not know it for an address of its own. */
const GATEWAY = '169.254.1.1';
const ONLY_NODE = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: node-only, namespace: test }
spec:
  endpointSelector: { matchLabels: { app: anna } }
  ingress: [{ fromEntities: [host] }]
`;

describe('a neighbour that sends from the node’s addresses', { skip: canUseBpf() ?? false }, () => {
  const world = new MasqueradeWorld();
  const sockets: Socket[] = [];
  let uplink: Socket;

  before(async () => {
    await world.setUp({});
    await world.addClient('node');
    for (const name of ['anna', 'bert'] as const) await world.serve(name, port);
    await world.client.applyPolicies(ONLY_NODE, 'node-only.yaml');
    uplink = open('near', 'uplink');
    // What is tried here is not left to the kernel's own check of sources.
    world.at('node', ({ settings }) => {
      for (const link of ['all', 'uplink']) settings.writeLink(4, link, 'rp_filter', 0);
    });
  });
  after(async () => {
    for (const socket of sockets) socket.close();
    await world.tearDown();
  });

  function open(name: string, link: string, etherType = 0): Socket {
    const { index } = world.at(name, ({ links }) => links.get(link));
    const socket = inNetworkNamespace(world.pathOf(name), () => openPacketSocket(index, etherType));
    sockets.push(socket);
    return socket;
  }

  /** Whether a datagram that comes in by the uplink gets into the endpoint. */
  async function arrives(source: string, name: 'anna' | 'bert', to: string): Promise<boolean> {
    const [own, router] = ['near', 'node'].map((end) => {
      return formatMac(world.at(end, ({ links }) => links.get('uplink').mac!));
    });
    const text = `${source} > ${to}`;
    const frame = makeFrame({
      sourceMac: own!,
      destinationMac: router!,
      source,
      destination: to,
      udp: { sourcePort: 1111, destinationPort: port },
      payload: Buffer.from(text),
    });
    const inside = open(name, 'eth0', source.includes(':') ? EtherType.IPv6 : EtherType.IPv4);
    sendFrame(uplink, frame);
    for (let turn = 0; turn < 20; turn++) {
      const found = receiveFrame(inside);
      if (found && Buffer.from(found).includes(text)) return true;
      if (!found) await setTimeout(10 * scale);
    }
    return false;
  }

  const dropped = () =>
    world.client.recentFlows({ verdict: 'dropped', endpoint: 'test/anna', port });

  test('is the world where it says who it is', async () => {
    for (const family of [4, 6] as const) {
      assert.ok(await arrives(NEAR[family], 'bert', BERT[family]));
      assert.equal(await arrives(NEAR[family], 'anna', ANNA[family]), false);
    }
  });

  test('is not the node where it does not', async () => {
    for (const [source, to] of [
      [NODE[6], ANNA[6]],
      [NODE[4], ANNA[4]],
      [GATEWAY, ANNA[4]],
    ] as const) {
      assert.equal(await arrives(source, 'anna', to), false, source);
    }
    const drops = await dropped();
    const forged = drops.filter(({ reason }) => reason === 'invalid source ip');
    const sources = new Set(forged.map(({ source }) => source.address));
    assert.ok(sources.has(NODE[6]), [...sources].join());
  });

  test('the node itself is, over both families', async () => {
    for (const family of [4, 6] as const) {
      const target = { kind: 'udp', address: ANNA[family], port } as const;
      const timeoutMilliseconds = 400 * scale;
      const found = await world.workload('node').probe({ ...target, timeoutMilliseconds });
      assert.equal(found, 'answered');
    }
  });
});
