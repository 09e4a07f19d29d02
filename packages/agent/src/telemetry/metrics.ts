/**
 * The agent's metrics in Prometheus' text format. Only what takes time is kept here; everything
 * else is read anew for each answer, so that it cannot be stale.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  LATENCY_BUCKETS,
  type MetricDefinition,
  metricDefinitions,
  type ReadMetric,
  type Readings,
  type TimedMetric,
} from './metric-definitions.ts';
import type { Occurrence } from './occurrence.ts';

/** All metrics of one agent. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly read = new Map<ReadMetric, Counter | Gauge>();
  private readonly timed = new Map<TimedMetric, Histogram>();

  constructor() {
    for (const [key, definition] of Object.entries(metricDefinitions)) {
      const { kind, name, help, labels } = definition as MetricDefinition;
      const options = { name, help, labelNames: [...labels], registers: [this.registry] };
      if (kind === 'histogram') {
        this.timed.set(key as TimedMetric, new Histogram({ ...options, buckets: LATENCY_BUCKETS }));
      } else {
        const metric = kind === 'counter' ? new Counter(options) : new Gauge(options);
        this.read.set(key as ReadMetric, metric);
      }
    }
  }

  /** As the answer to a scrape has it. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Takes note of how long something took. */
  time(occurrence: Occurrence): void {
    const timing = timingOf(occurrence);
    if (timing) this.timed.get(timing.metric)!.observe(timing.labels, timing.milliseconds / 1000);
  }

  /** The text, of what was read just now and what was timed so far. */
  async text(readings: Readings): Promise<string> {
    for (const [key, metric] of this.read) {
      metric.reset();
      for (const { labels = {}, value } of readings[key]) metric.inc(labels, value);
    }
    return this.registry.metrics();
  }
}

interface Timing {
  readonly metric: TimedMetric;
  readonly labels: Readonly<Record<string, string>>;
  readonly milliseconds: number;
}

function timingOf(occurrence: Occurrence): Timing | undefined {
  switch (occurrence.kind) {
    case 'policies applied':
    case 'policies deleted':
    case 'policies confirmed':
    case 'policies reverted':
    case 'node relabelled':
      return timing('policyTime', occurrence, { operation: lastWord(occurrence.kind) });
    case 'endpoint added':
    case 'endpoint relabelled':
    case 'endpoint removed':
      return timing('endpointTime', occurrence, { operation: lastWord(occurrence.kind) });
    case 'rules compiled':
      return timing('compileTime', occurrence, {});
    case 'program loaded':
      return timing('loadTime', occurrence, {});
    case 'request answered': {
      const { method, route: path, status } = occurrence;
      return timing('requestTime', occurrence, { method, path, return_code: String(status) });
    }
    default:
      return undefined;
  }
}

function timing(
  metric: TimedMetric,
  { milliseconds }: { readonly milliseconds: number },
  labels: Readonly<Record<string, string>>,
): Timing {
  return { metric, labels, milliseconds };
}

/** `added` of `endpoint added`. */
function lastWord(kind: string): string {
  return kind.slice(kind.lastIndexOf(' ') + 1);
}
