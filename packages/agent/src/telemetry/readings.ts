/** Every metric that is not timed, read where it is true: the kernel, the model, the process. */
import { release } from 'node:os';
import type { Node } from '../node/node.ts';
import type { IdentityView, PoolView, StatusView } from '../views.ts';
import type { TrafficTotals } from '../node-views.ts';
import { GROUPS_MAX } from '../model/generation.ts';
import type { Readings, Sample } from './metric-definitions.ts';
import type { RuleCounts } from './rule-counts.ts';

const ENDPOINT_STATES = ['creating', 'ready', 'removing'] as const;

/** What the metrics are read from. */
export interface ReadingsSource {
  readonly node: Node;
  readonly status: StatusView;
  readonly totals: TrafficTotals;
  readonly rules: RuleCounts;
}

/** As of now. */
export function readMetrics({ node, status, totals, rules }: ReadingsSource): Readings {
  const { model } = node;
  const { tables, version, attachment } = status;
  return {
    ...trafficReadings(totals),
    ruleAllowed: rules.allowed(),
    ruleDropped: rules.dropped(),
    lostEvents: [{ value: status.lostEvents }],
    mapPressure: tables.map(({ name, used, capacity }) =>
      labelled('map_name', name, used / capacity),
    ),
    mapCapacity: tables.map(({ name, capacity }) => labelled('map_name', name, capacity)),
    peerGroupPressure: [{ value: model.policy.groupWidth / GROUPS_MAX }],
    policies: [{ value: status.policies }],
    policyRevision: [{ value: status.revision }],
    endpoints: endpointReadings(node),
    identities: [
      labelled('type', 'cluster_local', status.identities),
      labelled('type', 'reserved', status.reserved.filter(isInUse).length),
    ],
    ...poolReadings(status),
    problems: [{ value: status.problems.length }],
    version: [{ labels: { version, kernel: release(), attachment }, value: 1 }],
    ...processReadings(status),
  };
}

function isInUse({ endpoints, places }: IdentityView): boolean {
  return endpoints + places > 0;
}

function trafficReadings(
  totals: TrafficTotals,
): Pick<Readings, 'forwardedPackets' | 'forwardedBytes' | 'droppedPackets' | 'droppedBytes'> {
  const byReason = (counts: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(counts).map(([reason, count]) => labelled('reason', reason, count));
  return {
    forwardedPackets: [{ value: totals.forwardedPackets }],
    forwardedBytes: [{ value: totals.forwardedBytes }],
    droppedPackets: byReason(totals.droppedPackets),
    droppedBytes: byReason(totals.droppedBytes),
  };
}

/** States that no endpoint is in are told as well: who waits for one sees it come and go. */
function endpointReadings({ memory }: Node): Sample[] {
  const all = [...memory.endpoints.values()];
  return ENDPOINT_STATES.map((state) => {
    const count = all.filter((endpoint) => endpoint.state === state).length;
    return labelled('endpoint_state', state, count);
  });
}

function poolReadings({
  pools,
}: StatusView): Pick<Readings, 'ipamCapacity' | 'ipAddresses' | 'ipamCooling'> {
  const of = (count: (pool: PoolView) => number): Sample[] =>
    pools.map((pool) => labelled('family', pool.family.toLowerCase(), count(pool)));
  return {
    ipamCapacity: of(({ addresses }) => Number(addresses)),
    ipAddresses: of(({ taken }) => taken),
    ipamCooling: of(({ cooling }) => cooling),
  };
}

function processReadings(
  status: StatusView,
): Pick<Readings, 'residentBytes' | 'cpuSeconds' | 'startTime'> {
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: [{ value: status.memoryBytes }],
    cpuSeconds: [{ value: (user + system) / 1e6 }],
    startTime: [{ value: Date.parse(status.startedAt) / 1000 }],
  };
}

function labelled(label: string, text: string, value: number): Sample {
  return { labels: { [label]: text }, value };
}
