import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExposition } from '../testing/exposition.ts';
import { metricDefinitions, type ReadMetric, type Readings } from './metric-definitions.ts';
import { Metrics } from './metrics.ts';

/** Every metric without a value, but for some. */
function readings(some: Partial<Readings>): Readings {
  const read = Object.keys(metricDefinitions) as ReadMetric[];
  return { ...(Object.fromEntries(read.map((key) => [key, []])) as unknown as Readings), ...some };
}

test('every metric is told with its kind and help, and nothing else is', async () => {
  const found = parseExposition(await new Metrics().text(readings({})));
  const want = Object.values(metricDefinitions).map(({ name, kind, help }) => [name, kind, help]);
  const have = [...found].map(([name, { kind, help }]) => [name, kind, help]);
  assert.deepEqual(have.sort(), want.sort());
});

test('names are in the habit of the ecosystem', () => {
  for (const { name, kind } of Object.values(metricDefinitions)) {
    assert.match(name, /^skep_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), kind === 'counter', name);
    assert.equal(name.endsWith('_seconds') || kind !== 'histogram', true, name);
  }
});

test('what was read is told as it is now, not what was before', async () => {
  const metrics = new Metrics();
  const dropped = (reason: string, value: number) => [{ labels: { reason }, value }];
  await metrics.text(readings({ droppedPackets: dropped('policy denied', 5) }));
  const before = [{ labels: { reason: 'a "quoted" \\ name\n' }, value: 2 }];
  const text = await metrics.text(
    readings({ droppedPackets: before, forwardedPackets: [{ value: 2 ** 40 }] }),
  );
  const found = parseExposition(text);
  const drops = found.get('skep_drop_count_total')!.values;
  const key = 'skep_drop_count_total{reason="a \\"quoted\\" \\\\ name\\n"}';
  assert.deepEqual([...drops], [[key, 2]]);
  assert.equal(
    found.get('skep_forward_count_total')!.values.get('skep_forward_count_total'),
    2 ** 40,
  );
});

test('what takes time is in the buckets of what it was', async () => {
  const metrics = new Metrics();
  const request = { kind: 'request answered', method: 'GET', route: '/v1/status' } as const;
  metrics.time({ ...request, status: 200, milliseconds: 3 });
  metrics.time({ ...request, status: 500, milliseconds: 30 });
  metrics.time({ kind: 'policies applied', changed: ['a'], revision: 1, milliseconds: 70 });
  metrics.time({ kind: 'endpoint removed', endpoint: 'a/b', id: 1, milliseconds: 7 });
  metrics.time({ kind: 'program loaded', milliseconds: 2 });
  metrics.time({ kind: 'rules compiled', milliseconds: 2 });
  metrics.time({ kind: 'stopping', cause: 'SIGTERM' });
  const found = parseExposition(await metrics.text(readings({})));
  const count = (name: string, labels: string) =>
    found.get(name)!.values.get(`${name}_count${labels}`);
  const labels = 'method="GET",path="/v1/status"';
  assert.equal(count('skep_api_process_time_seconds', `{${labels},return_code="200"}`), 1);
  assert.equal(count('skep_api_process_time_seconds', `{${labels},return_code="500"}`), 1);
  assert.equal(count('skep_policy_implementation_delay_seconds', '{operation="applied"}'), 1);
  assert.equal(count('skep_endpoint_change_time_seconds', '{operation="removed"}'), 1);
  assert.equal(count('skep_program_load_time_seconds', ''), 1);
  assert.equal(count('skep_policy_compile_time_seconds', ''), 1);
  const buckets = found.get('skep_policy_implementation_delay_seconds')!.values;
  const bucket = (le: string) =>
    `skep_policy_implementation_delay_seconds_bucket{le="${le}",operation="applied"}`;
  assert.deepEqual([buckets.get(bucket('0.05')), buckets.get(bucket('0.1'))], [0, 1]);
});
