/** The way out: TCP between a container and a host outside, which sees the node's address. */
import type { Case } from '../harness/case.ts';
import {
  type ContainerNode,
  startBridgeNode,
  startSkepNode,
  whatIsMissing,
} from '../harness/container-nodes.ts';
import { Outside } from '../harness/outside.ts';
import { measureWays, pairedRows, type Way } from '../harness/ways.ts';

const roundsMax = 11;

/** Against the standard plugin and netfilter's own. */
export const masqueradeCase: Case = {
  name: 'masquerade',
  about: 'TCP from a container to a host outside, against the bridge plugin and iptables',
  run: async (effort) => {
    const reason = whatIsMissing();
    if (reason !== undefined) return { skipped: reason };
    const rounds = Math.min(effort.rounds, roundsMax);
    const nodes: ContainerNode[] = [];
    const outsides = [new Outside(), new Outside()] as const;
    try {
      nodes.push(await startSkepNode({ outside: outsides[0] }));
      nodes.push(startBridgeNode({ outside: outsides[1] }));
      const ways = nodes.map((node, index) => wayOut(node, outsides[index]!));
      const measured = await measureWays(ways, { ...effort, rounds }, ['forth', 'back']);
      const [ours, reference] = ways.map(({ name }) => name) as [string, string];
      return pairedRows(measured, ours, reference);
    } finally {
      for (const node of nodes) await node.close();
      for (const outside of outsides) outside.close();
    }
  },
};

function wayOut({ name, containers }: ContainerNode, outside: Outside): Way {
  const { namespace: client } = containers.add('sender');
  return { name, client, server: outside.namespace, address: outside.ipv4 };
}
