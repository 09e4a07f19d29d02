/**
 * Programs that somebody has taken off are put back: without them a veth and an uplink let
 * everything through.
 */
import { inNetworkNamespace } from '@skep/sys';
import { findDevice, hostInterfaceName } from '../devices/endpoint-device.ts';
import { qualifiedName } from '../model/endpoint-facts.ts';
import type { Node } from '../node/node.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import { attachableOf } from '../state/stored.ts';

type Parts = Pick<Node, 'memory' | 'network' | 'kernel' | 'problems'>;

/** A look at thousands of endpoints takes longer than traffic of the agent may wait. */
const ENDPOINTS_AT_ONCE = 64;

/** Looks when it is told to. */
export class ProgramWatch {
  /** The endpoint that was looked at last. */
  private lastId = 0;

  constructor(private readonly node: Parts) {}

  /** All uplinks, and the next ones of the endpoints. */
  check(): void {
    inNetworkNamespace(this.node.network.namespace, () => {
      for (const each of this.nextEndpoints()) this.checkEndpoint(each);
      for (const each of this.node.memory.current.uplinks ?? []) this.checkUplink(each);
    });
  }

  private nextEndpoints(): StoredEndpoint[] {
    const ready = [...this.node.memory.endpoints.values()]
      .filter(({ state }) => state === 'ready')
      .sort((left, right) => left.id - right.id);
    const later = ready.filter(({ id }) => id > this.lastId);
    const next = [...later, ...ready].slice(0, Math.min(ready.length, ENDPOINTS_AT_ONCE));
    this.lastId = next.at(-1)?.id ?? 0;
    return next;
  }

  private checkEndpoint(stored: StoredEndpoint): void {
    const { network, kernel } = this.node;
    this.putBack(`endpoint ${qualifiedName(stored)}`, () => {
      const link = findDevice(network, hostInterfaceName(stored.id));
      const endpoint = link && attachableOf(stored, link.index);
      if (!endpoint || kernel.missingPrograms(endpoint).length === 0) return false;
      kernel.attach(endpoint);
      return true;
    });
  }

  private checkUplink({ index, name }: { readonly index: number; readonly name: string }): void {
    const { network, kernel } = this.node;
    this.putBack(`uplink ${name}`, () => {
      if (network.links.find(index)?.name !== name) return false;
      if (kernel.missingUplinkPrograms(index).length === 0) return false;
      kernel.attachUplink(index);
      return true;
    });
  }

  /** @param attach returns whether something was missing */
  private putBack(whose: string, attach: () => boolean): void {
    const { problems } = this.node;
    try {
      if (!attach()) return;
      const when = new Date().toISOString();
      const found = `${whose}: somebody has taken its programs off`;
      problems.mention(whose, `${found}: they are back since ${when}`);
    } catch (error) {
      const found = `${whose}: its programs cannot be attached again`;
      problems.mention(whose, `${found}: ${String(error)}`);
    }
  }
}
