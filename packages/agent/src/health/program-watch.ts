/**
 * Programs that somebody has taken off are put back: without them a veth and an uplink let
 * everything through. Those of an earlier agent are taken off: they decide by what was. The host's
 * end of an endpoint is up, and has the routes to it.
 */
import type { Link } from '@skep/netlink';
import { inNetworkNamespace } from '@skep/sys';
import { checkWay } from '../devices/check-device.ts';
import { findDevice, hostInterfaceName, openRoutes } from '../devices/endpoint-device.ts';
import { qualifiedName } from '../model/endpoint-facts.ts';
import type { Node } from '../node/node.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import { attachableOf, deviceOf } from '../state/stored.ts';
import type { AttachedUplink } from '../uplinks/uplinks.ts';

type Parts = Pick<Node, 'memory' | 'network' | 'kernel' | 'problems'>;

/** A look at thousands of endpoints takes longer than traffic of the agent may wait. */
const ENDPOINTS_AT_ONCE = 64;

/** Looks when it is told to. */
export class ProgramWatch {
  /** The endpoint that was looked at last. */
  private lastId = 0;

  constructor(private readonly node: Parts) {}

  /** All uplinks, and the next ones of the endpoints, or all of them. */
  check(endpointsMax = ENDPOINTS_AT_ONCE): void {
    inNetworkNamespace(this.node.network.namespace, () => {
      for (const each of this.nextEndpoints(endpointsMax)) this.checkEndpoint(each);
      for (const each of this.node.memory.current.uplinks ?? []) this.checkUplink(each);
    });
  }

  private nextEndpoints(max: number): StoredEndpoint[] {
    const ready = [...this.node.memory.endpoints.values()]
      .filter(({ state }) => state === 'ready')
      .sort((left, right) => left.id - right.id);
    const later = ready.filter(({ id }) => id > this.lastId);
    const next = [...later, ...ready].slice(0, Math.min(ready.length, max));
    this.lastId = next.at(-1)?.id ?? 0;
    return next;
  }

  private checkEndpoint(stored: StoredEndpoint): void {
    const { network, kernel } = this.node;
    const whose = `endpoint ${qualifiedName(stored)}`;
    const watched = { whose, find: () => findDevice(network, hostInterfaceName(stored.id)) };
    this.checkInterface(watched, (link) => {
      const endpoint = attachableOf(stored, link.index);
      this.mend(watched, {
        isMissing: () => kernel.missingPrograms(endpoint).length > 0,
        attach: () => kernel.attach(endpoint),
        detachStrays: () => kernel.detachStrays(endpoint),
      });
      this.openWay(watched, stored, link);
    });
  }

  /** The way to an endpoint is open as long as its programs are there, whoever has closed it. */
  private openWay(watched: Watched, stored: StoredEndpoint, link: Link): void {
    const { network, kernel } = this.node;
    this.putRight(watched, 'the way to it cannot be opened again', () => {
      if (kernel.missingPrograms(attachableOf(stored, link.index)).length > 0) return undefined;
      const device = deviceOf(stored);
      const missing = checkWay(network, device, link);
      if (missing.length === 0) return undefined;
      openRoutes(network, device, link.index);
      const advice = `see who has done it; leave ${link.name} alone, and close it by a policy`;
      return `${missing.join(', ')} (${advice}): the way to it is open again`;
    });
  }

  private checkUplink({ index, name }: AttachedUplink): void {
    const { network, kernel } = this.node;
    const find = (): Link | undefined => {
      const link = network.links.find(index);
      return link?.name === name ? link : undefined;
    };
    const watched = { whose: `uplink ${name}`, find };
    this.checkInterface(watched, () => {
      this.mend(watched, {
        isMissing: () => kernel.missingUplinkPrograms(index).length > 0,
        attach: () => kernel.attachUplink(index),
        detachStrays: () => kernel.detachUplinkStrays(index),
      });
    });
  }

  private checkInterface(watched: Watched, task: (link: Link) => void): void {
    this.attempt(watched, 'it cannot be looked at', () => {
      const link = watched.find();
      if (link) task(link);
    });
  }

  /** First what is to decide, then what is not to. */
  private mend(watched: Watched, { isMissing, attach, detachStrays }: Programs): void {
    this.putRight(watched, 'its programs cannot be attached again', () => {
      if (!isMissing()) return undefined;
      attach();
      return 'somebody has taken its programs off: they are back';
    });
    this.putRight(watched, 'programs of an earlier agent cannot be taken off', () => {
      if (detachStrays().length === 0) return undefined;
      return 'programs of an earlier agent decided beside its own: they are off';
    });
  }

  /** @param task returns what was wrong, if something was */
  private putRight(watched: Watched, failure: string, task: () => string | undefined): void {
    const { whose } = watched;
    this.attempt(watched, failure, (subject) => {
      const done = task();
      if (!done) return;
      const when = new Date().toISOString();
      this.node.problems.mention(subject, `${whose}: ${done} since ${when}`);
    });
  }

  /** What fails because the interface has gone meanwhile is no problem: it goes with its owner. */
  private attempt(watched: Watched, failure: string, task: (subject: string) => void): void {
    const subject = `${watched.whose}: ${failure}`;
    try {
      task(subject);
    } catch (error) {
      if (hasGone(watched)) return;
      this.node.problems.mention(subject, `${subject}: ${String(error)}`);
    }
  }
}

function hasGone({ find }: Watched): boolean {
  try {
    return find() === undefined;
  } catch {
    return false;
  }
}

/** One interface. */
interface Watched {
  readonly whose: string;
  /** Undefined when it has gone. */
  readonly find: () => Link | undefined;
}

/** What is looked at of it. */
interface Programs {
  readonly isMissing: () => boolean;
  readonly attach: () => void;
  /** In which directions there were some. */
  readonly detachStrays: () => readonly unknown[];
}
