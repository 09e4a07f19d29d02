/** Policies about the node with real traffic: the world, the node behind its uplink, endpoints. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { attachedProgramIds, canUseBpf, hasTcx } from '@skep/bpf';
import { inNetworkNamespace } from '@skep/sys';
import {
  type ClientName,
  MasqueradeWorld,
  NEAR,
  NODE,
  SERVER_PORT as port,
} from './testing/masquerade-world.ts';

const FAMILIES = [4, 6] as const;
const ENDPOINT = { 4: '10.96.0.1', 6: 'fd96::1' } as const;
const SSH = 22;
const HTTPS = 443;
const TIME_SCALE = Number(process.env.SKEP_TIME_SCALE ?? 1);
const timeoutMilliseconds = 400 * TIME_SCALE;
/** What nobody confirms is in force for longer than it takes to see that it is. */
const CONFIRM_SECONDS = 3 * TIME_SCALE;

/** Ingress of the node is closed but for one port of the world and one endpoint. */
const CLOSED = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: node }
spec:
  nodeSelector: {}
  ingress:
    - fromEntities: [world]
      toPorts: [{ ports: [{ port: '${HTTPS}', protocol: TCP }] }]
    - fromEndpoints: [{ matchLabels: { app: bert } }]
`;
const NO_WAY_OUT = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: node-egress }
spec:
  nodeSelector: {}
  egress: [{}]
`;
const KEYS = ['node', 'node-egress'].map((name) => `CiliumClusterwideNetworkPolicy//${name}`);

describe('policies about the node', { skip: canUseBpf() ?? false }, () => {
  const world = new MasqueradeWorld();
  before(async () => {
    await world.setUp({});
    for (const where of ['node', 'near'] as const) await world.addClient(where);
    for (const each of [SSH, HTTPS, port]) await world.serve('node', each);
    await world.serve('anna', port);
  });
  after(() => world.tearDown());

  /** Whether an answer comes. */
  async function passes(
    from: ClientName,
    address: string,
    to: number,
    kind: 'tcp' | 'udp' = 'tcp',
  ): Promise<boolean> {
    const target = { kind, address, port: to, timeoutMilliseconds };
    return (await world.workload(from).probe(target)) === 'answered';
  }

  async function isPinged(from: ClientName, address: string): Promise<boolean> {
    const echo = { kind: 'icmp', address, port: 0, timeoutMilliseconds } as const;
    return (await world.workload(from).probe(echo)) === 'answered';
  }

  const open = (from: ClientName, name: string, address: string, to: number) =>
    world.ask(from, { do: 'tcp', name, address, port: to });
  const say = (from: ClientName, name: string) => world.ask(from, { do: 'say', name });

  test('nothing is about the node: everything passes, and nothing is attached for it', async () => {
    for (const family of FAMILIES) {
      assert.ok(await passes('near', NODE[family], port));
      assert.ok(await passes('near', NODE[family], port, 'udp'));
      assert.ok(await isPinged('near', NODE[family]));
      assert.ok(await passes('node', NEAR[family], port));
      assert.ok(await passes('anna', NODE[family], port));
      assert.ok(await passes('node', ENDPOINT[family], port));
      await open('near', `ssh ${family}`, NODE[family], SSH);
      await open('near', `web ${family}`, NODE[family], port);
      await open('node', `out ${family}`, NEAR[family], port);
    }
    assert.deepEqual((await world.client.status()).node.guardedInterfaces, []);
  });

  test('a policy closes ingress, but for its rules and safe ports', async () => {
    await assert.rejects(world.client.applyPolicies(CLOSED, 'node.yaml'), /--confirm-within/);
    await world.client.applyPolicies(CLOSED, 'node.yaml', { isUnconfirmed: true });
    for (const family of FAMILIES) {
      assert.equal(await passes('near', NODE[family], port), false, `IPv${family} TCP`);
      assert.equal(await passes('near', NODE[family], port, 'udp'), false, `IPv${family} UDP`);
      assert.equal(await isPinged('near', NODE[family]), false, `IPv${family} ICMP`);
      assert.ok(await passes('near', NODE[family], HTTPS));
      assert.ok(await passes('near', NODE[family], SSH));
      assert.ok(await passes('node', NEAR[family], port), 'egress of the node is open');
      assert.ok(await passes('node', NEAR[family], port, 'udp'));
      assert.ok(await isPinged('node', NEAR[family]));
    }
    const { node, problems } = await world.client.status();
    assert.deepEqual(node.guardedInterfaces, ['uplink']);
    assert.deepEqual([node.isIngressEnforced, node.isEgressEnforced], [true, false]);
    assert.deepEqual(problems, []);
  });

  test('an interface that comes and goes is guarded meanwhile, and leaves nothing', async () => {
    const before = world.linkPins();
    const guarded = async (expected: readonly string[]): Promise<void> => {
      for (let left = 100 * TIME_SCALE; left > 0; left--) {
        const { guardedInterfaces = [] } = (await world.client.status()).node;
        if (guardedInterfaces.toSorted().join() === expected.join()) return;
        await setTimeout(50);
      }
      assert.fail(`expected ${expected.join()} to be guarded`);
    };
    world.at('node', ({ links }) => {
      links.createVeth({ name: 'visitor', peer: { name: 'visitor-peer' } });
    });
    await guarded(['uplink', 'visitor', 'visitor-peer']);
    assert.equal(world.linkPins().length, before.length + 4);
    world.at('node', ({ links }) => links.delete('visitor'));
    await guarded(['uplink']);
    assert.deepEqual(world.linkPins(), before);
  });

  test('an endpoint that would bring the node’s address is refused', async () => {
    const thief = { name: 'thief', namespace: 'test', labels: {}, ipv4: NODE[4] };
    const networkNamespace = world.pathOf('far');
    await assert.rejects(world.client.addEndpoint({ ...thief, networkNamespace }), (error) => {
      assert.match(String(error), /test\/thief: 198\.51\.100\.1 belongs to the node/);
      return true;
    });
    assert.equal(await passes('near', NODE[4], port), false);
  });

  test('connections that were open go on where the rules allow them', async () => {
    for (const family of FAMILIES) {
      assert.notEqual(await say('near', `ssh ${family}`), 'silence', 'a safe port');
      assert.notEqual(await say('node', `out ${family}`), 'silence', 'of the node');
      assert.equal(await say('near', `web ${family}`), 'silence', 'what no rule allows');
    }
  });

  test('endpoints: by the rules of the node, both ways, and masqueraded as before', async () => {
    for (const family of FAMILIES) {
      assert.equal(await passes('anna', NODE[family], port), false);
      assert.equal(await passes('anna', NODE[family], SSH), false, 'safe for the world only');
      assert.ok(await passes('bert', NODE[family], port));
      assert.ok(await passes('node', ENDPOINT[family], port));
      assert.ok(await passes('anna', NEAR[family], port));
      assert.ok(await passes('anna', NEAR[family], port, 'udp'));
    }
  });

  test('drops name the rule, and explain says the same', async () => {
    const drops = await world.client.recentFlows({ verdict: 'dropped', endpoint: 'host', port });
    const drop = drops.find(({ source }) => source.address === NEAR[4]);
    assert.equal(drop?.reason, 'policy denied');
    assert.equal(drop?.direction, 'ingress');
    assert.deepEqual(drop?.rules, ['node']);
    const ask = (to: number) =>
      world.client.explain({ from: 'world', to: 'host', port: String(to), protocol: 'TCP' });
    assert.equal((await ask(port)).verdict, 'deny');
    assert.equal((await ask(SSH)).verdict, 'allow');
  });

  test('the agent is killed: rules and connections stay, and another one takes over', async () => {
    await world.killAgent();
    assert.equal(await passes('near', NODE[4], port), false);
    const talk = world.ask('near', { do: 'exchange', name: 'ssh 4', count: 200 });
    await world.startAgent({});
    assert.equal((await talk).split(', ').length, 1);
    for (const family of FAMILIES) {
      assert.equal(await passes('near', NODE[family], port), false);
      assert.ok(await passes('near', NODE[family], HTTPS));
      assert.ok(await passes('near', NODE[family], SSH), 'nobody is cut off meanwhile');
      assert.notEqual(await say('node', `out ${family}`), 'silence');
    }
  });

  test('closed egress: the node begins nothing but what is safe', async () => {
    await world.client.applyPolicies(NO_WAY_OUT, 'egress.yaml', { isUnconfirmed: true });
    for (const family of FAMILIES) {
      assert.equal(await passes('node', NEAR[family], port), false);
      assert.equal(await passes('node', ENDPOINT[family], port), false);
      assert.notEqual(await say('near', `ssh ${family}`), 'silence');
      assert.equal(await say('node', `out ${family}`), 'silence');
      assert.ok(await passes('anna', NEAR[family], port));
    }
  });

  test('what nobody confirms goes back by itself, also when the agent was killed', async () => {
    await world.client.deletePolicies(KEYS, { isUnconfirmed: true });
    await world.client.applyPolicies(CLOSED, 'node.yaml', {
      confirmWithinSeconds: CONFIRM_SECONDS,
    });
    assert.equal(await passes('near', NODE[4], port), false);
    const { pendingPolicies } = await world.client.status();
    assert.deepEqual(pendingPolicies?.keys, [KEYS[0]]);
    await world.killAgent();
    await setTimeout(pendingPolicies.secondsLeft * 1000);
    assert.equal(await passes('near', NODE[4], port), false, 'nobody is there to take it back');
    await world.startAgent({});
    assert.ok(await passes('near', NODE[4], port));
    assert.deepEqual(await world.client.listPolicies(), []);
    await world.client.applyPolicies(CLOSED, 'node.yaml', { confirmWithinSeconds: 60 });
    await world.client.confirmPolicies();
    assert.equal((await world.client.status()).pendingPolicies, undefined);
  });

  test('what somebody else has closed meanwhile stays closed', async () => {
    await world.client.deletePolicies(KEYS, { isUnconfirmed: true });
    await world.client.applyPolicies(CLOSED, 'node.yaml', {
      confirmWithinSeconds: CONFIRM_SECONDS,
    });
    await world.client.applyPolicies(NO_WAY_OUT, 'egress.yaml', { isUnconfirmed: true });
    await setTimeout((CONFIRM_SECONDS + 1) * 1000);
    for (const family of FAMILIES) {
      assert.ok(await passes('near', NODE[family], port), `IPv${family} ingress is back`);
      assert.equal(await passes('node', NEAR[family], port), false, `IPv${family} egress`);
    }
    const keys = (await world.client.listPolicies()).map(({ key }) => key);
    assert.deepEqual(keys, [KEYS[1]]);
    assert.deepEqual((await world.client.status()).problems, []);
  });

  test('without policies about it nothing of it is left', async () => {
    await world.client.deletePolicies(KEYS, { isUnconfirmed: true });
    for (const family of FAMILIES) {
      assert.ok(await passes('near', NODE[family], port));
      assert.ok(await passes('node', NEAR[family], port));
      assert.ok(await passes('anna', NODE[family], port));
    }
    await world.killAgent();
    await world.startAgent(undefined);
    const attached = world.at('node', ({ links, namespace, trafficControl: classifiers }) => {
      const mechanism = hasTcx() ? 'tcx' : 'clsact';
      const where = { ifindex: links.get('uplink').index, direction: 'ingress' } as const;
      return inNetworkNamespace(namespace, () =>
        attachedProgramIds({ ...where, mechanism, classifiers }),
      );
    });
    assert.deepEqual(attached, []);
  });
});
