/** Events: what changes in a namespace, as it changes. */
import { Errno, KernelError, type Watch, watchReadable } from '@skep/sys';
import { RTM, RTNLGRP } from './abi.ts';
import { type AssignedAddress, readLinkAddress } from './addresses.ts';
import { type Link, readLink } from './link.ts';
import { type Message, readMessages } from './message.ts';
import { type KnownNeighbour, readNeighbour } from './neighbours.ts';
import { type InstalledRoute, readRoute } from './routes.ts';
import { type NamespaceReference, NetlinkSocket } from './socket.ts';

/** What to be told about. */
export type Topic = 'links' | 'addresses' | 'routes' | 'neighbours';

/**
 * Something is there now or has changed (`isGone` false), or is there no more. `lost`: events came
 * faster than they were read and some are missing; who keeps a copy must list everything again.
 */
export type NetworkEvent =
  | { readonly topic: 'links'; readonly isGone: boolean; readonly link: Link }
  | { readonly topic: 'addresses'; readonly isGone: boolean; readonly address: AssignedAddress }
  | { readonly topic: 'routes'; readonly isGone: boolean; readonly route: InstalledRoute }
  | { readonly topic: 'neighbours'; readonly isGone: boolean; readonly neighbour: KnownNeighbour }
  | { readonly topic: 'lost' };

/** So that a flood of events leaves turns of the event loop to others. */
const DATAGRAMS_PER_TURN = 256;

/** Receives events until it is closed; keeps the process alive unless {@link Monitor.unref} is called. */
export class Monitor {
  readonly #socket: NetlinkSocket;
  readonly #watch: Watch;
  readonly #onEvent: (event: NetworkEvent) => void;

  /**
   * From here on every change is told. List after this, not before: then nothing falls in between.
   *
   * @param onError is told why events ended: a message that cannot be read, or an error of `onEvent`.
   * @throws KernelError where the namespace cannot be entered.
   */
  constructor(
    namespace: NamespaceReference,
    topics: readonly Topic[],
    onEvent: (event: NetworkEvent) => void,
    onError: (error: unknown) => void,
  ) {
    this.#onEvent = onEvent;
    const groups = topics.flatMap((topic) => GROUPS[topic]);
    this.#socket = new NetlinkSocket(namespace, groups);
    this.#watch = watchReadable(this.#socket.fd, () => this.#drain(), onError);
  }

  /** Lets the process end although events may still come. */
  unref(): void {
    this.#watch.unref();
  }

  close(): void {
    this.#watch.close();
    if (!this.#socket.fd.isClosed) this.#socket.close();
  }

  #drain(): void {
    for (let count = 0; count < DATAGRAMS_PER_TURN; count++) {
      const datagram = this.#receive();
      if (!datagram) return;
      for (const message of readMessages(datagram)) {
        const event = readEvent(message);
        // What `onEvent` is told about may make it close this monitor.
        if (event) this.#onEvent(event);
        if (this.#socket.fd.isClosed) return;
      }
    }
  }

  #receive(): Uint8Array | undefined {
    try {
      return this.#socket.receiveIfAny();
    } catch (error) {
      if (!(error instanceof KernelError) || error.errno !== Errno.ENOBUFS) throw error;
      this.#onEvent({ topic: 'lost' });
      return this.#socket.fd.isClosed ? undefined : this.#socket.receiveIfAny();
    }
  }
}

const GROUPS: Readonly<Record<Topic, readonly number[]>> = {
  links: [RTNLGRP.LINK],
  addresses: [RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR],
  routes: [RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE],
  neighbours: [RTNLGRP.NEIGH],
};

/**
 * The event that a message tells of.
 *
 * @returns undefined for messages about other things, such as bridge ports.
 * @throws MalformedMessageError
 */
export function readEvent(message: Message): NetworkEvent | undefined {
  switch (message.type) {
    case RTM.NEWLINK:
    case RTM.DELLINK:
      return readLinkEvent(message);
    case RTM.NEWADDR:
    case RTM.DELADDR: {
      const isGone = message.type === RTM.DELADDR;
      return { topic: 'addresses', isGone, address: readLinkAddress(message) };
    }
    case RTM.NEWROUTE:
    case RTM.DELROUTE: {
      const isGone = message.type === RTM.DELROUTE;
      return { topic: 'routes', isGone, route: readRoute(message) };
    }
    case RTM.NEWNEIGH:
    case RTM.DELNEIGH: {
      const neighbour = readNeighbour(message);
      if (!neighbour) return undefined;
      return { topic: 'neighbours', isGone: message.type === RTM.DELNEIGH, neighbour };
    }
    default:
      return undefined;
  }
}

/** Bridges tell of their ports by link messages of their own family, which say nothing of the link. */
function readLinkEvent(message: Message): NetworkEvent | undefined {
  if (message.payload[0] !== 0) return undefined;
  return { topic: 'links', isGone: message.type === RTM.DELLINK, link: readLink(message) };
}
