/** The way out: TCP between a container and a host outside, which sees the node's address. */
import type { Case } from '../harness/case.ts';
import {
  type ContainerNode,
  type NodeOptions,
  startBridgeNode,
  startSkepNode,
  whatIsMissing,
} from '../harness/container-nodes.ts';
import { Outside } from '../harness/outside.ts';
import { pairedRow } from '../harness/row.ts';
import { measureThroughput, measureTimings, type Way } from '../harness/ways.ts';

const roundsMax = 11;

/** Against the standard plugin and netfilter's own. */
export const masqueradeCase: Case = {
  name: 'masquerade',
  about: 'TCP from a container to a host outside, against the bridge plugin and iptables',
  run: async (effort) => {
    const reason = whatIsMissing();
    if (reason !== undefined) return { skipped: reason };
    const rounds = Math.min(effort.rounds, roundsMax);
    const worlds: World[] = [];
    try {
      for (const start of [startSkepNode, startBridgeNode]) worlds.push(await makeWorld(start));
      const ways = worlds.map(({ way }) => way);
      const measured = [
        await measureThroughput(ways, { ...effort, rounds }),
        await measureThroughput(ways, { ...effort, rounds }, 'back'),
        ...(await measureTimings(ways, 'request', { ...effort, rounds })),
        ...(await measureTimings(ways, 'connection', { ...effort, rounds })),
      ];
      const [ours, reference] = ways.map(({ name }) => name) as [string, string];
      return measured.map(({ name, unit, samples }) => {
        const about = { name, unit, referenceName: reference };
        return pairedRow(about, samples.get(ours)!, samples.get(reference)!);
      });
    } finally {
      for (const { node, outside } of worlds) {
        await node.close();
        outside.close();
      }
    }
  },
};

interface World {
  readonly node: ContainerNode;
  readonly outside: Outside;
  readonly way: Way;
}

async function makeWorld(
  start: (options: NodeOptions) => ContainerNode | Promise<ContainerNode>,
): Promise<World> {
  const outside = new Outside();
  const node = await start({ outside });
  const { namespace: client } = node.containers.add('sender');
  const { namespace: server, ipv4: address } = outside;
  return { node, outside, way: { name: node.name, client, server, address } };
}
