/**
 * Reads Prometheus' text format as strictly as its server does, for the tests.
 *
 * @source https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import assert from 'node:assert/strict';

/** What a text says of one metric: its values by labels, `label="value",…` or nothing. */
export interface ExposedMetric {
  readonly help: string;
  readonly kind: string;
  /** By name and labels, as they were written. */
  readonly values: Map<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)?\\})? (\\S+)$`);

/** By name. @throws AssertionError for a text that Prometheus would not take */
export function parseExposition(text: string): Map<string, ExposedMetric> {
  assert.ok(text.endsWith('\n'), 'the last line has no end');
  const metrics = new Map<string, ExposedMetric>();
  let help: [name: string, text: string] | undefined;
  let current: [name: string, metric: ExposedMetric] | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      help = [comment[2]!, comment[3]!];
    } else if (comment) {
      assert.equal(comment[2], help?.[0], `TYPE without HELP: ${line}`);
      assert.equal(metrics.has(comment[2]!), false, `a second TYPE: ${line}`);
      current = [comment[2]!, { help: help![1], kind: comment[3]!, values: new Map() }];
      metrics.set(...current);
    } else {
      readSample(line, current);
    }
  }
  for (const [name, metric] of metrics) checkHistogram(name, metric);
  return metrics;
}

function readSample(
  line: string,
  current: [name: string, metric: ExposedMetric] | undefined,
): void {
  const sample = SAMPLE.exec(line);
  assert.ok(sample && current, `not a sample: ${line}`);
  const [, name, labels, value] = sample;
  const [base, { kind, values }] = current;
  const suffixes = kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  assert.ok(
    suffixes.some((suffix) => name === base + suffix),
    `not of ${base}: ${line}`,
  );
  assert.ok(/^[+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf|NaN)$/i.test(value!), `not a number: ${line}`);
  const key = labels === undefined ? name! : `${name}{${labels}}`;
  assert.equal(values.has(key), false, `twice: ${line}`);
  values.set(key, Number(value));
}

/** Buckets grow, and the last one holds all. */
function checkHistogram(name: string, { kind, values }: ExposedMetric): void {
  if (kind !== 'histogram') return;
  const series = new Map<string, number[]>();
  for (const [key, value] of values) {
    if (!key.startsWith(`${name}_bucket`)) continue;
    const labels = key.replace(/le="[^"]*",?/, '').slice(`${name}_bucket`.length);
    series.set(labels, [...(series.get(labels) ?? []), value]);
  }
  for (const [labels, counts] of series) {
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
      `${name}${labels}: buckets shrink`,
    );
    const total = values.get(`${name}_count${labels === '{}' ? '' : labels.replace(',}', '}')}`);
    assert.equal(counts.at(-1), total, `${name}${labels}: not all in the last bucket`);
  }
}
