/** The world outside of a node: a host on the node's only way out, which knows no way back. */
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { namePrefix } from './leftovers.ts';
import { parseAddress, parsePrefix } from '@skep/wire';

/** So that several hosts of one process have names of their own. */
let hosts = 0;

/** A host of its own for each node. */
export class Outside {
  readonly ipv4 = '192.0.2.9';
  readonly #name = `${namePrefix()}outside${hosts++}`;
  /** Path of its network namespace. */
  readonly namespace = `/run/netns/${this.#name}`;

  constructor() {
    createNamespace(this.#name);
  }

  /** @param node path of its network namespace */
  connect(node: string): void {
    const [inside, outside] = [new Network(node), new Network(this.namespace)];
    try {
      const peer = { name: 'out', namespaceFd: outside.namespace.number };
      const uplink = inside.links.createVeth({ name: 'up', isUp: true, peer });
      outside.links.set('out', { isUp: true });
      addAddress(inside, uplink.index, '192.0.2.1');
      addAddress(outside, outside.links.get('out').index, this.ipv4);
      const via = parseAddress(this.ipv4);
      inside.routes.add({ destination: parsePrefix('0.0.0.0/0'), via });
    } finally {
      inside.close();
      outside.close();
    }
  }

  close(): void {
    deleteNamespace(this.#name);
  }
}

function addAddress({ addresses }: Network, linkIndex: number, text: string): void {
  addresses.add({ linkIndex, address: parseAddress(text), prefixLength: 24 });
}
