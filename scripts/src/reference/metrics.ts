/** docs/reference/metrics.md: what the agent counts, and where each number is from. */
import { LATENCY_BUCKETS, metricDefinitions } from '@skep/agent';
import { RULES_COUNTED_MAX } from '@skep/contract';
import { generatedFrom, markdownTable } from './table.ts';

/** The page: one row for each metric of the agent. */
export function metricsPage(): string {
  const rows = Object.values(metricDefinitions).map(({ name, kind, labels, help, source }) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(' '),
    help,
    source,
  ]);
  const rules = RULES_COUNTED_MAX.toLocaleString('en-US');
  return `${generatedFrom('packages/agent/src/telemetry/metric-definitions.ts')}# Metrics

\`GET /metrics\` on the agent's socket, and where \`skep agent --metrics HOST:PORT\` says, in
Prometheus' text format; \`GET /healthz\` beside it answers 200 while programs are attached and pins
are there, else 503 and what is wrong. Nothing is served on a port unless it is asked for, and who
may connect to it reads names of policies.

    curl --unix-socket /run/skep/agent.sock http://agent/metrics

Values are read when somebody asks, from where the last column says; only what is timed is kept.
Counters of kernel tables outlive the agent; those of events begin anew with it.

- \`rule\` takes at most ${rules} names for each of its metrics; what comes later counts as
  \`other\`. A policy that is deleted takes its rules along.
- \`reason\` is a name of the [drop reasons](drop-reasons.md).
- \`map_name\` is a table that can be full; those with a row for everything cannot.
- Buckets end at ${LATENCY_BUCKETS.join(', ')} seconds.

${markdownTable(['metric', 'kind', 'labels', 'what it says', 'from'], rows)}`;
}
