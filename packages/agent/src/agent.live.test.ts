/** The agent on a real kernel: endpoints in network namespaces of the test's own, real traffic. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { isBpfFileSystem } from '@skep/sys';
import { formatAddress } from '@skep/wire';
import { Agent } from './agent.ts';
import { Talker } from './testing/talk.ts';
import type { EndpointRequest } from './views.ts';

const PREFIX = `skep-agent-${process.pid}`;
const NODE = `${PREFIX}-node`;

function pathOf(name: string): string {
  return `/run/netns/${name}`;
}

const ANNA: EndpointRequest = {
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  ipv4: '10.99.0.1',
  ipv6: 'fd99::1',
  networkNamespace: pathOf(`${PREFIX}-anna`),
};
const BERT: EndpointRequest = {
  ...ANNA,
  name: 'bert',
  labels: { app: 'bert' },
  ipv4: '10.99.0.2',
  ipv6: 'fd99::2',
  networkNamespace: pathOf(`${PREFIX}-bert`),
};

const CLOSED = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: bert, namespace: test }
spec: { podSelector: { matchLabels: { app: bert } }, policyTypes: [Ingress] }
`;
const OPEN_TO_ANNA = CLOSED.replace(
  'policyTypes: [Ingress]',
  'ingress: [{ from: [{ podSelector: { matchLabels: { app: anna } } }], ports: [{ port: 7000 }] }]',
);

describe('an agent on the kernel', { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-agent-'));
  const options = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf(NODE),
  };
  const namespaces = [NODE, `${PREFIX}-anna`, `${PREFIX}-bert`];
  let agent: Agent;
  let anna: Talker;
  let bert: Talker;

  before(async () => {
    for (const name of namespaces) createNamespace(name);
    const network = new Network(pathOf(NODE));
    network.links.set('lo', { isUp: true });
    network.close();
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    await agent.addEndpoint(BERT);
    [anna, bert] = [new Talker(ANNA.networkNamespace), new Talker(BERT.networkNamespace)];
    await bert.ask({ serve: 7000 });
  });

  after(async () => {
    anna?.stop();
    bert?.stop();
    await agent?.uninstall();
    for (const name of namespaces) deleteNamespace(name);
    rmSync(directory, { recursive: true, force: true });
  });

  const connect = (address: string): Promise<string> => anna.ask({ connect: address, port: 7000 });
  const exchange = (): Promise<string> => anna.ask({ say: 'hello' });

  test('endpoints talk where no policy is, over IPv4 and IPv6', async () => {
    assert.equal(await connect('10.99.0.2'), 'connected');
    assert.equal(await exchange(), 'hello');
    assert.equal(await connect('fd99::2'), 'connected');
    assert.equal(await exchange(), 'hello');
  });

  test('a policy ends an open connection at its next packet, and lets it go on again', async () => {
    assert.equal(await connect('10.99.0.2'), 'connected');
    await agent.applyPolicies(CLOSED, 'closed.yaml');
    assert.equal(await exchange(), 'silence');
    await agent.applyPolicies(OPEN_TO_ANNA, 'open.yaml');
    assert.equal(await anna.ask({ listen: 3000 }), 'hello');
    assert.equal(await connect('10.99.0.2'), 'connected');
  });

  test('other labels end an open connection, the old ones let it go on', async () => {
    assert.equal(await connect('10.99.0.2'), 'connected');
    await agent.relabelEndpoint('test/anna', { app: 'stranger' });
    assert.equal(await exchange(), 'silence');
    const renewed = await agent.relabelEndpoint('test/anna', { app: 'anna' });
    assert.deepEqual(renewed.labels, { app: 'anna' });
    assert.equal(await anna.ask({ listen: 3000 }), 'hello');
    await assert.rejects(agent.relabelEndpoint('test/nobody', {}), {
      code: 'ERR_ENDPOINT_MISSING',
    });
  });

  test("endpoints do not add to the node's addresses", () => {
    const network = new Network(pathOf(NODE));
    const found = network.addresses.list().map(({ address }) => formatAddress(address));
    network.close();
    assert.deepEqual(found.sort(), ['127.0.0.1', '::1']);
  });

  test('explain names the rule', async () => {
    const request = { from: 'test/anna', to: 'bert', port: '7001', protocol: 'TCP' } as const;
    const answer = await agent.explain(request);
    assert.equal(answer.verdict, 'deny');
    assert.equal((await agent.explain({ ...request, port: '7000' })).verdict, 'allow');
  });

  test('another agent takes over; connections and verdicts stay', async () => {
    assert.equal(await connect('10.99.0.2'), 'connected');
    for (let round = 0; round < 2; round++) {
      agent.stop();
      assert.equal(await exchange(), 'hello', 'without an agent');
      agent = Agent.start(options);
      assert.equal(await exchange(), 'hello', 'after the restart');
      const [first] = await agent.listEndpoints();
      assert.equal(first?.name, 'anna');
    }
    await agent.deletePolicies(['NetworkPolicy/test/bert']);
    await agent.applyPolicies(CLOSED, 'closed.yaml');
    assert.equal(await exchange(), 'silence');
    await agent.deletePolicies(['NetworkPolicy/test/bert']);
  });

  test('an endpoint that goes leaves nothing behind', async () => {
    assert.equal(await agent.removeEndpoint('test/bert'), true);
    assert.equal(await agent.removeEndpoint('test/bert'), false);
    const network = new Network(pathOf(NODE));
    const names = network.links.list().map((link) => link.name);
    network.close();
    assert.deepEqual(
      names.filter((name) => name.startsWith('skep')),
      ['skep1'],
    );
    const places = (await agent.listIpcache()).map((entry) => entry.prefix);
    assert.equal(places.includes('10.99.0.2/32'), false);
  });

  test('an interface that somebody else has made is left alone', async () => {
    const network = new Network(pathOf(NODE));
    try {
      const theirs = network.links.createVeth({ name: 'skep3', peer: { name: 'theirs' } });
      await assert.rejects(agent.addEndpoint(BERT), { errnoName: 'EEXIST' });
      assert.equal(network.links.find('skep3')?.index, theirs.index);
      network.links.delete(theirs.index);
    } finally {
      network.close();
    }
    assert.equal((await agent.listEndpoints()).length, 1);
  });

  test('uninstalling takes everything away', async () => {
    await agent.uninstall();
    assert.equal(isBpfFileSystem(options.bpffsDirectory), false);
    agent = Agent.start(options);
    assert.deepEqual(await agent.listEndpoints(), []);
  });

  test('the last part of a name is enough, unless several are called so', async () => {
    await agent.addEndpoint(ANNA);
    assert.equal((await agent.relabelEndpoint('anna', { app: 'a' })).namespace, 'test');
    await agent.addEndpoint({ ...BERT, name: 'anna', namespace: 'other' });
    const want = { code: 'ERR_ENDPOINT_AMBIGUOUS', message: / anna: .* test\/anna, other\/anna$/ };
    await assert.rejects(agent.relabelEndpoint('anna', {}), want);
    await assert.rejects(agent.removeEndpoint('anna'), want);
    assert.equal(await agent.removeEndpoint('test/anna'), true);
    assert.equal((await agent.relabelEndpoint('anna', { app: 'b' })).namespace, 'other');
  });
});
