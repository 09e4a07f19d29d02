// tidy: table: metrics
/** Every metric of the agent, once: registry, readings and reference page are made of this. */

import { REPEATS_READ_SECONDS } from '@skep/contract';

/** How a value behaves, as Prometheus calls it. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** One metric. */
export interface MetricDefinition {
  readonly kind: MetricKind;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Where its values are from when it is scraped. */
  readonly source: string;
}

function counter(
  name: string,
  help: string,
  source: string,
  ...labels: readonly string[]
): MetricDefinition & { readonly kind: 'counter' } {
  return { kind: 'counter', name, help, labels, source };
}

function gauge(
  name: string,
  help: string,
  source: string,
  ...labels: readonly string[]
): MetricDefinition & { readonly kind: 'gauge' } {
  return { kind: 'gauge', name, help, labels, source };
}

function histogram(
  name: string,
  help: string,
  ...labels: readonly string[]
): MetricDefinition & { readonly kind: 'histogram' } {
  return { kind: 'histogram', name, help, labels, source: 'timed by the agent' };
}

const TRAFFIC = 'kernel table `skep_traffic`';
const FLOWS = 'events, of which `skep_lost_events_total` were lost';
const MODEL = 'the agent';
const PROCESS = 'the operating system';

/** By the name that the code has for each. */
export const metricDefinitions = {
  forwardedPackets: counter('skep_forward_count_total', 'Packets forwarded.', TRAFFIC),
  forwardedBytes: counter('skep_forward_bytes_total', 'Bytes of packets forwarded.', TRAFFIC),
  droppedPackets: counter('skep_drop_count_total', 'Packets dropped.', TRAFFIC, 'reason'),
  droppedBytes: counter('skep_drop_bytes_total', 'Bytes of packets dropped.', TRAFFIC, 'reason'),
  ruleAllowed: counter(
    'skep_rule_allowed_flows_total',
    'Times that a rule allowed a flow, at its first packet or after a change.',
    FLOWS,
    'rule',
  ),
  ruleDropped: counter(
    'skep_rule_dropped_packets_total',
    'Packets dropped by a deny rule, or because no rule of this policy allows them; what a flow ' +
      `repeated in the ${REPEATS_READ_SECONDS} seconds before it lost its entry, or was allowed, ` +
      'may be missing.',
    `${FLOWS}; and kernel tables \`skep_new\`, \`skep_conn\``,
    'rule',
    'direction',
  ),
  lostEvents: counter(
    'skep_lost_events_total',
    'Events that found no room in the buffer, or that the agent could not read.',
    'kernel table `skep_lost`, and the agent',
  ),
  mapPressure: gauge(
    'skep_bpf_map_pressure',
    'Share of a table that is in use, 0 to 1; one that evicts (flows, fragments) may stay at 1.',
    'kernel tables counted; for arrays the rows that the agent has given',
    'map_name',
  ),
  mapCapacity: gauge('skep_bpf_map_capacity', 'Entries of a table at most.', MODEL, 'map_name'),
  peerGroupPressure: gauge(
    'skep_peer_group_pressure',
    'Share of the bits for groups of peers that rules use, 0 to 1.',
    MODEL,
  ),
  policies: gauge('skep_policy_count', 'Policy documents in force.', MODEL),
  policyRevision: gauge('skep_policy_max_revision', 'Revision of the newest change.', MODEL),
  endpoints: gauge('skep_endpoint_state', 'Endpoints in each state.', MODEL, 'endpoint_state'),
  identities: gauge(
    'skep_identity',
    'Identities that something has: given to labels, or reserved.',
    MODEL,
    'type',
  ),
  ipamCapacity: gauge(
    'skep_ipam_capacity',
    'Addresses of a pool, without what is reserved.',
    MODEL,
    'family',
  ),
  ipAddresses: gauge(
    'skep_ip_addresses',
    'Addresses of a pool that endpoints have.',
    MODEL,
    'family',
  ),
  ipamCooling: gauge(
    'skep_ipam_cooling_addresses',
    'Addresses of a pool that were given back too short a time ago to be given again.',
    MODEL,
    'family',
  ),
  problems: gauge('skep_problems', 'Problems that `skep status` shows.', MODEL),
  version: gauge('skep_version', 'Always 1.', MODEL, 'version', 'kernel', 'attachment'),
  residentBytes: gauge('skep_process_resident_memory_bytes', 'Memory of the agent.', PROCESS),
  cpuSeconds: counter('skep_process_cpu_seconds_total', 'CPU time of the agent.', PROCESS),
  startTime: gauge(
    'skep_process_start_time_seconds',
    'When the agent was started, in seconds since 1970.',
    PROCESS,
  ),
  policyTime: histogram(
    'skep_policy_implementation_delay_seconds',
    'From the request to the change of policy in force.',
    'operation',
  ),
  endpointTime: histogram(
    'skep_endpoint_change_time_seconds',
    'From the request to the endpoint open, relabelled or gone.',
    'operation',
  ),
  compileTime: histogram(
    'skep_policy_compile_time_seconds',
    "From the rules of one subject to its programs' bytecode.",
  ),
  loadTime: histogram(
    'skep_program_load_time_seconds',
    'Of one program into the kernel, which verifies and compiles it.',
  ),
  requestTime: histogram(
    'skep_api_process_time_seconds',
    'Of a request of the API; a path is a pattern, so there are few.',
    'method',
    'path',
    'return_code',
  ),
} as const;

/** Upper bounds of every histogram's buckets, in seconds. */
export const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

type Definitions = typeof metricDefinitions;
/** Those that are timed while the agent works. */
export type TimedMetric = {
  [Key in keyof Definitions]: Definitions[Key]['kind'] extends 'histogram' ? Key : never;
}[keyof Definitions];
/** Those that are read when somebody asks. */
export type ReadMetric = Exclude<keyof Definitions, TimedMetric>;

/** One value of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What was read of all metrics at one moment. */
export type Readings = Readonly<Record<ReadMetric, readonly Sample[]>>;
