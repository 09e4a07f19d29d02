/**
 * Containers as a runtime connects them: what TCP between two of them gets, with no rules and with
 * many, and how long one waits for its network.
 */
import { canUseBpf } from '@skep/bpf';
import type { Case, Effort } from '../harness/case.ts';
import { clangVersion } from '../harness/clang.ts';
import {
  type ContainerNode,
  hasBridgePlugin,
  startBridgeNode,
  startSkepNode,
} from '../harness/container-nodes.ts';
import { debianPlugins } from '../harness/containers.ts';
import type { Container } from '../harness/containers.ts';
import { hasTool } from '../harness/rivals.ts';
import { interleave } from '../harness/rounds.ts';
import { pairedRow, plainRow, type Row } from '../harness/row.ts';
import { percentile } from '../harness/statistics.ts';
import { hasIperf, Throughput } from '../harness/throughput.ts';
import { type Timing, Traffic } from '../harness/traffic.ts';

/** Enough for medians; each round takes half a minute. */
const roundsMax = 11;
const iperfSeconds = 1;
const additionsPerRound = 8;

/** Against the standard plugin, with iptables where there are rules. */
export const containersCase: Case = {
  name: 'containers',
  about: 'TCP between two containers, and ADD, against the bridge plugin and iptables',
  run: async (effort) => {
    const reason = whatIsMissing();
    if (reason !== undefined) return { skipped: reason };
    const pairs: Pair[] = [];
    try {
      for (const rules of ruleCounts(effort)) {
        pairs.push(connect(await startSkepNode(rules)), connect(startBridgeNode(rules)));
      }
      return await measureAll(pairs, { ...effort, rounds: Math.min(effort.rounds, roundsMax) });
    } finally {
      for (const { node } of pairs) await node.close();
    }
  },
};

/** Two containers of one node. */
interface Pair {
  readonly node: ContainerNode;
  readonly sender: Container;
  readonly receiver: Container;
}

function whatIsMissing(): string | undefined {
  const reason = canUseBpf();
  if (reason !== undefined) return reason;
  if (!hasBridgePlugin())
    return `${debianPlugins}/bridge is not there (containernetworking-plugins)`;
  if (!hasTool('iptables-legacy')) return 'iptables-legacy is not installed';
  if (!hasIperf()) return 'iperf3 is not installed';
  return clangVersion() ? undefined : 'clang is not installed';
}

/** None, some, many. */
function ruleCounts({ rules }: Effort): number[] {
  return [0, rules / 100, rules / 2];
}

function connect(node: ContainerNode): Pair {
  const receiver = node.containers.add('receiver');
  return { node, receiver, sender: node.containers.add('sender') };
}

async function measureAll(pairs: readonly Pair[], effort: Effort): Promise<Row[]> {
  return [
    ...(await compareThroughput(pairs, effort)),
    ...(await compareTimings(pairs, 'request', effort)),
    ...(await compareTimings(pairs, 'connection', effort)),
    ...compareAdditions(pairs, effort),
  ];
}

async function compareThroughput(pairs: readonly Pair[], { rounds }: Effort): Promise<Row[]> {
  const servers: Throughput[] = [];
  try {
    for (const { receiver, sender } of pairs) {
      servers.push(await Throughput.start(receiver.namespace, sender.namespace));
    }
    const variants = pairs.map(({ node, receiver }, index) => ({
      name: node.name,
      measure: () => servers[index]!.measure(receiver.ipv4, iperfSeconds),
    }));
    return rowsOf(pairs, 'throughput', 'Gbit/s', await interleave(variants, rounds));
  } finally {
    for (const server of servers) server.close();
  }
}

async function compareTimings(
  pairs: readonly Pair[],
  kind: 'request' | 'connection',
  { rounds, runs }: Effort,
): Promise<Row[]> {
  const milliseconds = Math.max(runs / 200, 20);
  const servers: Traffic[] = [];
  const timings = new Map<string, Timing[]>(pairs.map(({ node }) => [node.name, []]));
  try {
    for (const { receiver, sender } of pairs) {
      servers.push(await Traffic.start(receiver.namespace, sender.namespace));
    }
    const variants = pairs.map(({ node, receiver }, index) => ({
      name: node.name,
      measure: () => {
        const timing = servers[index]!.measure({ kind, address: receiver.ipv4, milliseconds });
        timings.get(node.name)!.push(timing);
        return 0;
      },
    }));
    await interleave(variants, rounds);
  } finally {
    for (const server of servers) server.close();
  }
  const samplesOf = (take: (timing: Timing) => number) =>
    new Map([...timings].map(([name, each]) => [name, each.slice(1).map(take)]));
  return [
    ...rowsOf(
      pairs,
      `${kind}s`,
      'per second',
      samplesOf(({ mean }) => 1e6 / mean),
    ),
    ...rowsOf(
      pairs,
      `${kind}, p50`,
      'us',
      samplesOf(({ median }) => median),
    ),
    ...rowsOf(
      pairs,
      `${kind}, p99`,
      'us',
      samplesOf(({ p99 }) => p99),
    ),
  ];
}

/** Each node of ours against the one beside it, and those with rules against the one without. */
function rowsOf(
  pairs: readonly Pair[],
  name: string,
  unit: string,
  samples: Map<string, number[]>,
): Row[] {
  const names = pairs.map(({ node }) => node.name);
  const of = (index: number): number[] => samples.get(names[index]!)!;
  const row = (ours: number, reference: number): Row => {
    const about = { name: `${name}, ${names[ours]}`, unit, referenceName: names[reference]! };
    return pairedRow(about, of(ours), of(reference));
  };
  return names.flatMap((_, index) => {
    if (index % 2 === 1) return [];
    return index === 0 ? [row(0, 1)] : [row(index, index + 1), row(index, 0)];
  });
}

/** Whole calls of the plugins, which take turns; what was added goes before the next. */
function compareAdditions(pairs: readonly Pair[], { rounds }: Effort): Row[] {
  const [ours = [], reference = []] = [pairs[0]!, pairs[1]!].map((): number[] => []);
  for (let round = 0; round < rounds * additionsPerRound; round++) {
    for (const [index, samples] of [ours, reference].entries()) {
      const { containers } = pairs[index]!.node;
      const container = containers.add('guest');
      containers.remove(container);
      samples.push(container.milliseconds);
    }
  }
  const samples = ours.length;
  const row = (name: string, share: number): Row => {
    const value = percentile(reference, share);
    const about = { name: `ADD, ${name}`, unit: 'ms', samples };
    return plainRow(about, percentile(ours, share), { name: 'bridge, host-local', value });
  };
  return [row('p50', 0.5), row('p99', 0.99)];
}
