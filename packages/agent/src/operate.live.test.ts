/** An agent with real traffic, as the person who runs it sees it: numbers, and what is wrong. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { canUseBpf, hasTcx, openLinkById, queryTcx } from '@skep/bpf';
import { ADDRESSES_MAX, EVENT_BUFFER_BYTES } from '@skep/contract';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { bindMount, inNetworkNamespace } from '@skep/sys';
import { parseAddress, parsePrefix } from '@skep/wire';
import { Agent, type AgentOptions } from './agent.ts';
import { AgentClient } from './api/client.ts';
import { serveAgent } from './api/server.ts';
import { Metrics } from './telemetry/metrics.ts';
import type { Occurrence } from './telemetry/occurrence.ts';
import { monitoringPages } from './telemetry/pages.ts';
import { type ExposedMetric, parseExposition } from './testing/exposition.ts';
import { ONLY_ANNA } from './testing/policies.ts';
import { Talker } from './testing/talk.ts';

const PREFIX = `skep-operate-${process.pid}`;
const NAMES = ['anna', 'bert', 'carl'] as const;

/** Identity, and whether ingress and egress are enforced. */
const INIT = [5, true, true];

function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

describe('an agent that is watched', { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-operate-'));
  const options: AgentOptions = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf('node'),
    tell: (occurrence) => {
      told.push(occurrence);
      metrics.time(occurrence);
    },
  };
  const told: Occurrence[] = [];
  const metrics = new Metrics();
  const socket = join(directory, 'agent.sock');
  let client = new AgentClient(socket);
  const talkers = new Map<string, Talker>();
  let agent: Agent;
  let server: Server = createServer();

  before(async () => {
    for (const name of ['node', ...NAMES]) createNamespace(`${PREFIX}-${name}`);
    await start();
    for (const [index, name] of NAMES.entries()) {
      await client.addEndpoint({
        ...{ name, namespace: 'test', labels: { app: name } },
        ...{ ipv4: `10.97.0.${index + 1}`, networkNamespace: pathOf(name) },
      });
      talkers.set(name, new Talker(pathOf(name)));
    }
    await talkers.get('bert')!.ask({ serve: 7000 });
    await client.applyPolicies(ONLY_ANNA, 'bert.yaml');
  });

  after(async () => {
    for (const talker of talkers.values()) talker.stop();
    client.close();
    server.closeAllConnections();
    server.close();
    await agent?.uninstall();
    for (const name of ['node', 'dora', ...NAMES]) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  const start = async (): Promise<void> => {
    agent = Agent.start(options);
    const pages = monitoringPages(agent, metrics);
    const { tell } = options;
    server = await serveAgent(agent, socket, { pages, tell: tell! });
    client.close();
    client = new AgentClient(socket);
  };
  const scrape = async (): Promise<Map<string, ExposedMetric>> =>
    parseExposition(await client.metrics());
  const value = (found: Map<string, ExposedMetric>, name: string, labels = ''): number =>
    found.get(name)!.values.get(labels === '' ? name : `${name}{${labels}}`) ?? 0;
  const connect = (name: string): Promise<string> =>
    talkers.get(name)!.ask({ connect: '10.97.0.2', port: 7000 });
  const inNode = <T>(task: (network: Network) => T): T => {
    const network = new Network(pathOf('node'));
    try {
      return inNetworkNamespace(network.namespace, () => task(network));
    } finally {
      network.close();
    }
  };

  test('packets are counted as the kernel counts them, drops by reason and by rule', async () => {
    const before = await scrape();
    assert.equal(await connect('anna'), 'connected');
    assert.equal(await connect('carl'), 'silence');
    const after = await scrape();
    const grown = (name: string, labels = ''): number =>
      value(after, name, labels) - value(before, name, labels);
    assert.ok(grown('skep_forward_count_total') >= 3);
    assert.ok(grown('skep_forward_bytes_total') >= 3 * 54);
    assert.ok(grown('skep_drop_count_total', 'reason="policy denied"') >= 1);
    assert.ok(grown('skep_drop_bytes_total', 'reason="policy denied"') >= 54);
    const { droppedPackets } = await client.status();
    const drops = value(await scrape(), 'skep_drop_count_total', 'reason="policy denied"');
    assert.ok(drops >= droppedPackets['policy denied']!);
    const rule = 'rule="test/bert ingress[0]"';
    assert.equal(grown('skep_rule_allowed_flows_total', rule), 1);
    const dropping = 'rule="test/bert",direction="ingress"';
    assert.ok(grown('skep_rule_dropped_packets_total', dropping) >= 1);
  });

  test('what there is: endpoints by state, policies, identities, tables', async () => {
    const found = await scrape();
    assert.equal(value(found, 'skep_endpoint_state', 'endpoint_state="ready"'), 3);
    assert.equal(value(found, 'skep_endpoint_state', 'endpoint_state="creating"'), 0);
    assert.equal(value(found, 'skep_policy_count'), 1);
    assert.equal(value(found, 'skep_identity', 'type="cluster_local"'), 3);
    assert.equal(value(found, 'skep_lost_events_total'), 0);
    assert.ok(value(found, 'skep_process_resident_memory_bytes') > 1e6);
    const pressure = (name: string): number =>
      value(found, 'skep_bpf_map_pressure', `map_name="${name}"`);
    const places = (await client.listIpcache()).filter(({ prefix }) => /\/(32|128)$/.test(prefix));
    assert.equal(Math.round(pressure('skep_address') * ADDRESSES_MAX), places.length);
    assert.ok(pressure('skep_conn') > 0 && pressure('skep_conn') < 0.01);
    const capacity = value(found, 'skep_bpf_map_capacity', 'map_name="skep_events"');
    assert.equal(capacity, EVENT_BUFFER_BYTES);
    assert.equal(found.get('skep_bpf_map_pressure')!.values.size, 9);
  });

  test('what was done is timed, and told with how long it took', async () => {
    const found = await scrape();
    const counts: readonly (readonly [name: string, labels: string, least: number])[] = [
      ['skep_endpoint_change_time_seconds', '{operation="added"}', 3],
      ['skep_policy_implementation_delay_seconds', '{operation="applied"}', 1],
      ['skep_policy_compile_time_seconds', '', 1],
      ['skep_program_load_time_seconds', '', 1],
      [
        'skep_api_process_time_seconds',
        '{method="POST",path="/v1/endpoints",return_code="200"}',
        3,
      ],
    ];
    for (const [name, labels, least] of counts) {
      const count = found.get(name)!.values.get(`${name}_count${labels}`) ?? 0;
      assert.ok(count >= least, `${name}${labels}: ${count}`);
    }
    const kinds = new Set(told.map(({ kind }) => kind));
    for (const kind of ['started', 'endpoint added', 'policies applied', 'program loaded']) {
      assert.ok(kinds.has(kind as Occurrence['kind']), kind);
    }
  });

  test('a policy that is deleted takes the counts of its rules along', async () => {
    await client.deletePolicies(['NetworkPolicy/test/bert']);
    const found = await scrape();
    assert.equal(found.get('skep_rule_allowed_flows_total')!.values.size, 0);
    assert.equal(found.get('skep_rule_dropped_packets_total')!.values.size, 0);
    await client.applyPolicies(ONLY_ANNA, 'bert.yaml');
  });

  test('all is well: nothing is told, and health says so', async () => {
    assert.deepEqual((await client.status()).problems, []);
    assert.deepEqual(await client.health(), { isHealthy: true, problems: [] });
  });

  test('a program that somebody has taken off is told, with what to do', async () => {
    inNode(({ links, trafficControl }) => {
      const { index } = links.get('skep1');
      if (!hasTcx()) return trafficControl.deleteClsact(index);
      const link = openLinkById(queryTcx(index, 'ingress').programs[0]!.linkId);
      link.detach();
      link.close();
    });
    const { isHealthy, problems } = await agent.health();
    assert.equal(isHealthy, false);
    assert.match(
      problems[0]!,
      /^endpoint test\/anna: no program at ingress of skep1 \(it is attached again in .*\)$/,
    );
    const deadline = performance.now() + 30_000;
    while (!(await client.health()).isHealthy) {
      assert.ok(performance.now() < deadline, 'it is not attached again');
      await setTimeout(100);
    }
    const { problems: told } = await client.status();
    assert.match(told.join(), /^endpoint test\/anna: somebody has taken its programs off/);
    assert.equal(value(await scrape(), 'skep_problems'), 1);
  });

  test('an endpoint without labels yet is init, and closed, also after a restart', async () => {
    const request = { name: 'dora', namespace: 'test', ipv4: '10.97.0.9' };
    createNamespace(`${PREFIX}-dora`);
    const dora = await client.addEndpoint({ ...request, networkNamespace: pathOf('dora') });
    assert.deepEqual([dora.identity, dora.isIngressEnforced, dora.isEgressEnforced], INIT);
    agent.stop();
    server.close();
    server.closeAllConnections();
    await start();
    const again = (await client.listEndpoints()).find(({ name }) => name === 'dora')!;
    const { labels, identity, isIngressEnforced, isEgressEnforced } = again;
    assert.equal(labels, undefined);
    assert.deepEqual([identity, isIngressEnforced, isEgressEnforced], INIT);
    const all = await client.listIdentities(true);
    const of = (number: number) => all.find((each) => each.number === number)!;
    assert.deepEqual([of(5).endpoints, of(5).places], [1, 1]);
    assert.equal(of(6).places, 0);
    assert.ok(of(1).places > 0);
    const given = (await client.listIdentities()).map(({ number }) => number);
    assert.deepEqual(given, [5, 256, 257, 258]);
    const relabelled = await client.relabelEndpoint('test/dora', { app: 'dora' });
    assert.ok(relabelled.identity >= 256, `${relabelled.identity}`);
    assert.equal(relabelled.isEgressEnforced, false);
    await client.removeEndpoint('test/dora');
  });

  test('forwarding that somebody has turned off is told, and ends when it is on', async () => {
    inNode(({ settings }) => settings.setForwarding(4, false));
    const { problems } = await client.health();
    assert.match(problems.join('\n'), /sysctl -w net\.ipv4\.conf\.all\.forwarding=1/);
    inNode(({ settings }) => settings.setForwarding(4, true));
    assert.doesNotMatch((await client.health()).problems.join('\n'), /forwarding/);
  });

  test('a chain FORWARD that drops is told, and ends when it accepts', async (context) => {
    const iptables = (...words: string[]): boolean => {
      const { error } = inNode(() => spawnSync('iptables-nft', words, { stdio: 'pipe' }));
      return error === undefined;
    };
    const until = async (isTold: boolean): Promise<string> => {
      const deadline = performance.now() + 30_000;
      for (;;) {
        const { problems } = await client.health();
        const found = problems.join('\n');
        if (/chain FORWARD/.test(found) === isTold) return found;
        assert.ok(performance.now() < deadline, found);
        await setTimeout(100);
      }
    };
    if (!iptables('-P', 'FORWARD', 'DROP')) return context.skip('no iptables-nft here');
    const [input, output] = ['-i skep+ -j ACCEPT', '-o skep+ -j ACCEPT'];
    assert.match(await until(true), /^chain FORWARD of table ip filter drops IPv4 between/m);
    const { problems } = await client.status();
    const typed = [input, output].map((each) => `\`iptables -I FORWARD ${each}\``).join(' and ');
    assert.ok(
      problems.some((each) => each.endsWith(`(${typed})`)),
      problems.join('\n'),
    );
    assert.ok(told.some((each) => each.kind === 'problem' && /chain FORWARD/.test(each.problem)));
    for (const each of [input, output]) iptables('-I', 'FORWARD', ...each.split(' '));
    await until(false);
    iptables('-F', 'FORWARD');
    await until(true);
    iptables('-P', 'FORWARD', 'ACCEPT');
    await until(false);
    assert.deepEqual((await client.health()).problems, []);
  });

  test('a default route is the uplink', async () => {
    assert.deepEqual((await client.status()).uplinks, []);
    inNode(({ links, addresses, routes }) => {
      const { index: linkIndex } = links.createVeth({ name: 'up0', peer: { name: 'up1' } });
      links.set(linkIndex, { isUp: true });
      addresses.add({ linkIndex, address: parseAddress('192.0.2.1'), prefixLength: 24 });
      routes.replace({ destination: parsePrefix('0.0.0.0/0'), linkIndex });
    });
    assert.deepEqual((await client.status()).uplinks, ['up0']);
  });

  test('an MTU that cannot be set is told until it is, or the endpoint has gone', async () => {
    const path = pathOf('anna');
    const anna = new Network(path);
    const told = async (isTold: boolean): Promise<string> => {
      const deadline = performance.now() + 30_000;
      for (;;) {
        const found = (await client.status()).problems.join('\n');
        if (found.includes('of the way out') === isTold) return found;
        assert.ok(performance.now() < deadline, found);
        await setTimeout(100);
      }
    };
    const hide = async (mtuBytes: number): Promise<void> => {
      deleteNamespace(`${PREFIX}-anna`);
      inNode(({ links }) => links.set('up0', { mtuBytes }));
      const found = await told(true);
      assert.match(found, new RegExp(`^endpoint test/anna: MTU ${mtuBytes} of the way out`, 'm'));
      assert.equal(found.match(/of the way out/g)!.length, 1, found);
    };
    try {
      await hide(1400);
      writeFileSync(path, '');
      bindMount(`/proc/self/fd/${anna.namespace.number}`, path);
      await told(false);
      assert.equal(anna.links.get('eth0').mtuBytes, 1400);
      await hide(1450);
      inNode(({ links }) => links.set('up0', { mtuBytes: 1400 }));
      await told(false);
      inNode(({ links }) => links.set('up0', { mtuBytes: 1350 }));
      await told(true);
      await client.removeEndpoint('test/anna');
      await told(false);
    } finally {
      anna.close();
    }
  });
});
