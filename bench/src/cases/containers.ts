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
import { type Measured, measureWays, type Way } from '../harness/ways.ts';

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
    const nodes: ContainerNode[] = [];
    try {
      for (const rules of ruleCounts(effort)) {
        nodes.push(await startSkepNode({ rules }));
        nodes.push(startBridgeNode({ rules }));
      }
      const rounds = Math.min(effort.rounds, roundsMax);
      return await measureAll(nodes, { ...effort, rounds });
    } finally {
      for (const node of nodes) await node.close();
    }
  },
};

/** None, some, many. */
function ruleCounts({ rules }: Effort): number[] {
  return [0, rules / 100, rules / 2];
}

/** Between two containers of a node. */
function connect({ name, containers }: ContainerNode): Way {
  const { namespace: server, ipv4: address } = containers.add('receiver');
  const { namespace: client } = containers.add('sender');
  return { name, client, server, address };
}

async function measureAll(nodes: readonly ContainerNode[], effort: Effort): Promise<Row[]> {
  const ways = nodes.map(connect);
  const measured = await measureWays(ways, effort);
  return [...measured.flatMap((each) => rowsOf(ways, each)), ...compareAdditions(nodes, effort)];
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
function compareAdditions(nodes: readonly ContainerNode[], { rounds }: Effort): Row[] {
  const [ours = [], reference = []] = [[], []] as number[][];
  for (let round = 0; round < rounds * additionsPerRound; round++) {
    for (const [index, samples] of [ours, reference].entries()) {
      const { containers } = nodes[index]!;
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
