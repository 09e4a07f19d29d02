/**
 * Containers as a runtime connects them: what TCP between two of them gets, with no rules and with
 * many, and how long one waits for its network.
 */
import type { Case, Effort } from '../harness/case.ts';
import {
  type ContainerNode,
  startBridgeNode,
  startSkepNode,
  whatIsMissing,
} from '../harness/container-nodes.ts';
import { pairedRow, plainRow, type Row } from '../harness/row.ts';
import { percentile } from '../harness/statistics.ts';
import { type Measured, measureThroughput, measureTimings, type Way } from '../harness/ways.ts';

/** Enough for medians; each round takes half a minute. */
const roundsMax = 11;
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
        pairs.push(connect(await startSkepNode({ rules })), connect(startBridgeNode({ rules })));
      }
      const rounds = Math.min(effort.rounds, roundsMax);
      return await measureAll(pairs, { ...effort, rounds });
    } finally {
      for (const { node } of pairs) await node.close();
    }
  },
};

/** Two containers of one node. */
interface Pair {
  readonly node: ContainerNode;
  readonly way: Way;
}

/** None, some, many. */
function ruleCounts({ rules }: Effort): number[] {
  return [0, rules / 100, rules / 2];
}

function connect(node: ContainerNode): Pair {
  const { namespace: server, ipv4: address } = node.containers.add('receiver');
  const { namespace: client } = node.containers.add('sender');
  return { node, way: { name: node.name, client, server, address } };
}

async function measureAll(pairs: readonly Pair[], effort: Effort): Promise<Row[]> {
  const ways = pairs.map(({ way }) => way);
  const measured = [
    await measureThroughput(ways, effort),
    ...(await measureTimings(ways, 'request', effort)),
    ...(await measureTimings(ways, 'connection', effort)),
  ];
  return [...measured.flatMap((each) => rowsOf(ways, each)), ...compareAdditions(pairs, effort)];
}

/** Each node of ours against the one beside it, and those with rules against the one without. */
function rowsOf(ways: readonly Way[], { name, unit, samples }: Measured): Row[] {
  const row = (ours: number, reference: number): Row => {
    const [one, other] = [ways[ours]!.name, ways[reference]!.name];
    const about = { name: `${name}, ${one}`, unit, referenceName: other };
    return pairedRow(about, samples.get(one)!, samples.get(other)!);
  };
  return ways.flatMap((_, index) => {
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
