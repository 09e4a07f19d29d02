/** Masquerade with real traffic: endpoints, a node with an uplink, a world that knows only it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { parseAddress, parsePrefix } from '@skep/wire';
import {
  ENDPOINTS,
  type EndpointName,
  FAR,
  MasqueradeWorld,
  NEAR,
  NODE,
  NOWHERE,
  SERVER_PORT as port,
} from './testing/masquerade-world.ts';

const FAMILIES = [4, 6] as const;
const ENDPOINT = { 4: '10.96.0.1', 6: 'fd96::1' } as const;
const SOURCE_PORT = 40_000;
const CLOSED_PORT = 9;
const LARGE_BYTES = 1400;
const timeoutMilliseconds = 1500 * Number(process.env.SKEP_TIME_SCALE ?? 1);

describe('masquerade', { skip: canUseBpf() ?? false }, () => {
  const world = new MasqueradeWorld();
  before(() => world.setUp({}));
  after(() => world.tearDown());

  /** The port that the world sees; the address is the node's, or the test fails. */
  async function seenPort(answer: Promise<string>, address: string): Promise<number> {
    const text = await answer;
    const [seen, seenAs] = text.split(' ');
    assert.equal(seen, address, text);
    return Number(seenAs);
  }

  for (const family of FAMILIES) {
    test(`IPv${family}: the world sees the node, by TCP, UDP and ICMP`, async () => {
      const address = NEAR[family];
      for (const kind of ['tcp', 'udp'] as const) {
        const answer = world.ask('anna', { do: kind, name: `${kind} ${family}`, address, port });
        const seen = await seenPort(answer, NODE[family]);
        assert.ok(seen >= 49_152, `port ${seen}`);
      }
      const echo = { kind: 'icmp', address, port: 0, timeoutMilliseconds } as const;
      assert.equal(await world.workload('anna').probe(echo), 'answered');
    });

    test(`IPv${family}: one destination, one source port, as many ports as endpoints`, async () => {
      const address = NEAR[family];
      for (const kind of ['tcp', 'udp'] as const) {
        const name = `same ${kind} ${family}`;
        const request = { do: kind, name, address, port, localPort: SOURCE_PORT } as const;
        const seen = await Promise.all(
          ENDPOINTS.map((each) => seenPort(world.ask(each, request), NODE[family])),
        );
        assert.equal(new Set(seen).size, ENDPOINTS.length, `${kind}: ${seen.join(' ')}`);
      }
      for (const each of ENDPOINTS) {
        const said = world.ask(each, { do: 'say', name: `same tcp ${family}` });
        await seenPort(said, NODE[family]);
      }
    });

    test(`IPv${family}: errors of the far end and of routers reach who caused them`, async () => {
      const refused = { kind: 'udp', address: NEAR[family], port: CLOSED_PORT } as const;
      const outcome = await world.workload('bert').probe({ ...refused, timeoutMilliseconds });
      assert.equal(outcome, 'refused');
      const request = { do: 'tcp', name: 'nowhere', address: NOWHERE[family], port } as const;
      const code = await world.ask('bert', request);
      assert.ok(code === 'EHOSTUNREACH' || code === 'ENETUNREACH', code);
    });

    test(`IPv${family}: too large for the way, then in fragments there and back`, async () => {
      const request = { do: 'large', address: FAR[family], port, count: LARGE_BYTES } as const;
      const heard = await world.ask('carl', request);
      assert.match(heard, /^(silence|EMSGSIZE)(, .*)?, 1400 bytes$/);
    });
  }

  test('who has which port can be asked for', async () => {
    const flows = await world.client.listTranslations();
    const of = (name: EndpointName) => flows.filter(({ endpoint }) => endpoint === `test/${name}`);
    for (const name of ENDPOINTS) {
      const own = of(name).find(({ source, protocol }) => {
        return protocol === 'TCP' && source.port === SOURCE_PORT && source.address.includes('.');
      });
      assert.equal(own?.masquerade.address, NODE[4]);
      assert.equal(own?.destination.address, NEAR[4]);
      assert.equal(own?.state, 'established');
    }
    const { masquerade } = await world.client.status();
    assert.deepEqual(masquerade?.uplinks, [{ name: 'uplink', ipv4: NODE[4], ipv6: NODE[6] }]);
    assert.equal(masquerade?.flows, flows.length);
    assert.ok(masquerade.topEndpoints.some(({ name }) => name === 'test/anna'));
  });

  test('the agent is killed and another one takes over: no connection notices', async () => {
    const before = await world.ask('anna', { do: 'say', name: 'tcp 4' });
    const talk = world.ask('anna', { do: 'exchange', name: 'tcp 4', count: 400 });
    await world.killAgent();
    await world.startAgent({});
    assert.equal(await talk, before);
    assert.deepEqual((await world.client.health()).problems, []);
    for (const family of FAMILIES) {
      const said = world.ask('bert', { do: 'say', name: `same tcp ${family}` });
      await seenPort(said, NODE[family]);
    }
  });

  test('few ports: connections keep them, the next one is dropped, and that is told', async () => {
    await world.killAgent();
    const except = ['203.0.113.0/24', '2001:db8:9::/64'];
    await world.startAgent({ ports: { first: 50_000, last: 50_003 }, except });
    const address = NEAR[4];
    const open = (name: EndpointName, index: number) =>
      world.ask(name, { do: 'tcp', name: `few ${index}`, address, port });
    const seen: number[] = [];
    for (let index = 0; index < 4; index++) {
      seen.push(await seenPort(open('anna', index), NODE[4]));
    }
    assert.deepEqual([...seen].sort(), [50_000, 50_001, 50_002, 50_003]);
    assert.equal(await open('bert', 0), 'silence');
    const { droppedPackets } = await world.client.status();
    assert.ok((droppedPackets['no masquerade mapping'] ?? 0) > 0);
    const drops = await world.client.recentFlows({ verdict: 'dropped', endpoint: 'test/bert' });
    assert.ok(drops.some(({ reason }) => reason === 'no masquerade mapping'));
    // Another destination has ports of its own.
    const other = { do: 'tcp', name: 'other', address: NEAR[6], port } as const;
    await seenPort(world.ask('bert', other), NODE[6]);
    assert.equal((await world.ask('anna', { do: 'say', name: 'few 0' })).split(' ')[0], NODE[4]);
  });

  test('a prefix that is excepted sees the endpoint itself', async () => {
    for (const family of FAMILIES) {
      const destination = parsePrefix(family === 4 ? '10.96.0.0/16' : 'fd96::/64');
      world.at('near', ({ routes }) =>
        routes.add({ destination, via: parseAddress(NODE[family]) }),
      );
      const request = { do: 'udp', address: FAR[family], port } as const;
      const seen = await world.ask('anna', { ...request, localPort: 41_000 });
      assert.equal(seen, `${ENDPOINT[family]} 41000`);
    }
  });

  test('an uplink that gets another address is seen under it', async () => {
    const next = parseAddress('198.51.100.9');
    world.at('node', ({ links, addresses, routes }) => {
      const linkIndex = links.get('uplink').index;
      addresses.add({ linkIndex, address: next, prefixLength: 24 });
      addresses.remove({ linkIndex, address: parseAddress(NODE[4]), prefixLength: 24 });
      const again = addresses.list(linkIndex).some(({ address }) => address.bytes[3] === 9);
      if (!again) addresses.add({ linkIndex, address: next, prefixLength: 24 });
      routes.replace({ destination: parsePrefix('0.0.0.0/0'), via: parseAddress(NEAR[4]) });
    });
    const request = { do: 'udp', address: NEAR[4], port } as const;
    let seen = '';
    for (let tries = 0; tries < 50 && !seen.startsWith('198.51.100.9 '); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen = await world.ask('anna', request);
    }
    assert.match(seen, /^198\.51\.100\.9 /);
  });

  test('turned off, nothing of it is left', async () => {
    const reserved = () => {
      return world.at('node', ({ settings }) => settings.read('ipv4/ip_local_reserved_ports'));
    };
    assert.equal(reserved(), '50000-50003');
    await world.killAgent();
    await world.startAgent(undefined);
    assert.equal(reserved(), '');
    assert.equal((await world.client.status()).masquerade, undefined);
    assert.deepEqual(await world.client.listTranslations(), []);
    const seen = await world.ask('anna', { do: 'udp', address: NEAR[6], port, localPort: 41_001 });
    assert.equal(seen, `${ENDPOINT[6]} 41001`);
  });
});
