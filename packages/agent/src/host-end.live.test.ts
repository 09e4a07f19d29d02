/** What somebody does to the host's end of an endpoint's device: it is as it was in seconds. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { formatAddress, formatMac, formatPrefix, parseAddress, parsePrefix } from '@skep/wire';
import { Agent } from './agent.ts';
import type { Occurrence } from './telemetry/occurrence.ts';
import { Talker } from './testing/talk.ts';

const PREFIX = `skep-host-end-${process.pid}`;
const IPV4 = '10.95.0.1';
const IPV6 = 'fd95::1';
const PORT = 7000;
/** In which it is as it was. */
const AGAIN_MILLISECONDS_MAX = 20_000 * Number(process.env.SKEP_TIME_SCALE ?? 1);

function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

interface Meddling {
  readonly what: string;
  readonly task: (network: Network, linkIndex: number) => void;
  /** What the status says of it. */
  readonly told: RegExp;
}

const CASES: readonly Meddling[] = [
  {
    what: 'it is set down',
    task: ({ links }, index) => links.set(index, { isUp: false }),
    told: /^endpoint test\/anna: host interface skep1: it is down, .*: the way to it is open again/,
  },
  {
    what: 'it is set down, and up again',
    task: ({ links }, index) => {
      links.set(index, { isUp: false });
      links.set(index, { isUp: true });
    },
    told: /^endpoint test\/anna: host route to 10\.95\.0\.1\/32 by skep1: it is gone, .*fd95::1/,
  },
  {
    what: 'a route is deleted',
    task: ({ routes }, linkIndex) =>
      routes.delete({ destination: parsePrefix(`${IPV6}/128`), linkIndex }),
    told: /^endpoint test\/anna: host route to fd95::1\/128 by skep1: it is gone \(see who/,
  },
  {
    what: 'a neighbour is deleted',
    task: ({ neighbours }, linkIndex) =>
      neighbours.delete({ linkIndex, address: parseAddress(IPV4) }),
    told: /^endpoint test\/anna: neighbour 10\.95\.0\.1 of skep1: it is not .* any more \(see who/,
  },
  {
    what: 'a neighbour is another one',
    task: ({ neighbours }, linkIndex) =>
      neighbours.replace({
        linkIndex,
        address: parseAddress(IPV6),
        mac: Uint8Array.of(2, 1, 1, 1, 1, 1),
      }),
    told: /^endpoint test\/anna: neighbour fd95::1 of skep1: it is not .* any more \(see who/,
  },
];

describe("the host's end of an endpoint", { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-host-end-'));
  const talkers: Talker[] = [];
  const problemsTold: Occurrence[] = [];
  let agent: Agent;
  let node: Network;
  let linkIndex: number;
  let asMade: readonly string[];

  before(async () => {
    for (const name of ['node', 'anna']) createNamespace(`${PREFIX}-${name}`);
    node = new Network(pathOf('node'));
    const { index: loopback } = node.links.get('lo');
    node.links.set(loopback, { isUp: true });
    const address = parseAddress('10.95.9.9');
    node.addresses.add({ linkIndex: loopback, address, prefixLength: 32 });
    agent = Agent.start({
      stateDirectory: join(directory, 'state'),
      bpffsDirectory: join(directory, 'bpf'),
      networkNamespace: pathOf('node'),
      tell: (occurrence) => {
        if (occurrence.kind === 'problem') problemsTold.push(occurrence);
      },
    });
    const { hostInterface } = await agent.addEndpoint({
      ...{ name: 'anna', namespace: 'test', labels: {}, ipv4: IPV4, ipv6: IPV6 },
      networkNamespace: pathOf('anna'),
    });
    linkIndex = node.links.get(hostInterface).index;
    asMade = found();
    talkers.push(new Talker(pathOf('anna')), new Talker(pathOf('node')));
    await talkers[0]!.ask({ serve: PORT });
  });

  after(async () => {
    for (const talker of talkers) talker.stop();
    node.close();
    await agent.uninstall();
    for (const name of ['node', 'anna']) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  /** All that matters of it. */
  const found = (): string[] => {
    const neighbours = node.neighbours.list(linkIndex).filter(({ isPermanent }) => isPermanent);
    return [
      `up: ${node.links.get(linkIndex).isUp}`,
      ...node.routes.list({ linkIndex }).map(({ destination }) => formatPrefix(destination)),
      ...neighbours.map(({ address, mac }) => `${formatAddress(address)} ${formatMac(mac!)}`),
    ].sort();
  };

  const asItWas = async (): Promise<void> => {
    const deadline = performance.now() + AGAIN_MILLISECONDS_MAX;
    while (found().join() !== asMade.join()) {
      assert.ok(performance.now() < deadline, `${found()}, expected ${asMade}`);
      await setTimeout(100);
    }
  };

  for (const { what, task, told } of CASES) {
    test(`${what}: it is as it was`, async () => {
      task(node, linkIndex);
      assert.notDeepEqual(found(), asMade);
      await asItWas();
      const { problems } = await agent.status();
      assert.match(problems.join('\n'), told);
      assert.equal(problems.length, 1);
      assert.equal((await agent.health()).isHealthy, true);
      assert.equal(await talkers[1]!.ask({ connect: IPV4, port: PORT }), 'connected');
    });
  }

  test('while it is down, health says so', async () => {
    node.links.set(linkIndex, { isUp: false });
    const { problems } = await agent.health();
    assert.match(problems.join(), /^endpoint test\/anna: skep1 is down \(it is set up again in/);
    await asItWas();
  });

  test('an endpoint that sets its own end down keeps them', async () => {
    const inside = new Network(pathOf('anna'));
    inside.links.set('eth0', { isUp: false });
    inside.close();
    const before = problemsTold.length;
    await setTimeout(5000);
    assert.deepEqual(problemsTold.slice(before), []);
    assert.deepEqual(found(), asMade);
  });
});
