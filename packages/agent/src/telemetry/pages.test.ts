/** What monitoring asks for over TCP. */
import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { parseExposition } from '../testing/exposition.ts';
import type { HealthView } from '../views.ts';
import { metricDefinitions, type Readings } from './metric-definitions.ts';
import { Metrics } from './metrics.ts';
import { type Monitored, monitoringPages, serveMonitoring } from './pages.ts';

const NOTHING = Object.fromEntries(
  Object.keys(metricDefinitions).map((key) => [key, []]),
) as unknown as Readings;

describe('pages of monitoring', () => {
  let problems: readonly string[] = [];
  let failure: Error | undefined;
  const agent: Monitored = {
    health: async (): Promise<HealthView> => ({ isHealthy: problems.length === 0, problems }),
    readings: () => {
      if (failure) throw failure;
      return { ...NOTHING, policies: [{ value: 3 }] };
    },
  };
  const pages = monitoringPages(agent, new Metrics());
  let server: Server;
  let origin: string;

  before(async () => {
    server = await serveMonitoring(pages, { host: '127.0.0.1', port: 0 });
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(() => server.close());

  test('metrics, in the format that Prometheus asks for', async () => {
    const response = await fetch(`${origin}/metrics`);
    assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
    const found = parseExposition(await response.text());
    assert.equal(found.get('skep_policy_count')!.values.get('skep_policy_count'), 3);
  });

  test('health: 200, or 503 and what is wrong', async () => {
    const healthy = await fetch(`${origin}/healthz`);
    assert.deepEqual([healthy.status, await healthy.text()], [200, 'ok\n']);
    problems = ['the pins are gone', 'no program'];
    const ill = await fetch(`${origin}/healthz`);
    assert.deepEqual([ill.status, await ill.text()], [503, 'the pins are gone\nno program\n']);
  });

  const refused: readonly (readonly [method: string, path: string])[] = [
    ['GET', '/v1/status'],
    ['GET', '/'],
    ['GET', '/constructor'],
    ['POST', '/metrics'],
    ['DELETE', '/v1'],
  ];
  for (const [method, path] of refused) {
    test(`${method} ${path} is not served`, async () => {
      assert.equal((await fetch(origin + path, { method })).status, 404);
    });
  }

  test('what cannot be read is told, and the next one is answered', async () => {
    failure = new Error('no table');
    const response = await fetch(`${origin}/metrics`);
    assert.deepEqual([response.status, await response.text()], [500, 'Error: no table\n']);
    failure = undefined;
    assert.equal((await fetch(`${origin}/metrics`)).status, 200);
  });

  test('a port that is taken: refused with advice', async () => {
    const { port } = server.address() as AddressInfo;
    await assert.rejects(serveMonitoring(pages, { host: '127.0.0.1', port }), {
      code: 'ERR_MONITORING',
      message:
        /^serve metrics at 127\.0\.0\.1:\d+: listen EADDRINUSE.* \(give another --metrics\)$/,
    });
  });
});
