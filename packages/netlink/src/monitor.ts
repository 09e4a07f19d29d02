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

/**
 * Receives events until it is closed; keeps the process alive unless {@link Monitor.unref} is
 * called.
 */
export class Monitor {
  readonly #socket: NetlinkSocket;
  readonly #onEvent: (event: NetworkEvent) => void;
  readonly #onError: (error: unknown) => void;
  #watch: Watch;
  #isReferenced = true;

  /**
   * From here on every change is told. List after this, not before: then nothing falls in between.
   *
   * @param onError is told why events ended: a message that cannot be read, or an error of
   * `onEvent`.
   * @throws KernelError where the namespace cannot be entered.
   */
  constructor(
    namespace: NamespaceReference,
    topics: readonly Topic[],
    onEvent: (event: NetworkEvent) => void,
    onError: (error: unknown) => void,
  ) {
    this.#onEvent = onEvent;
    this.#onError = onError;
    const groups = topics.flatMap((topic) => GROUPS[topic]);
    this.#socket = new NetlinkSocket(namespace, groups);
    this.#watch = this.#startWatch();
  }

  /** Lets the process end although events may still come. */
  unref(): void {
    this.#isReferenced = false;
    this.#watch.unref();
  }

  /** Ends the events; a second call does nothing. */
  close(): void {
    this.#watch.close();
    if (!this.#socket.fd.isClosed) this.#socket.close();
  }

  #startWatch(): Watch {
    const onReadable = () => this.#attempt(() => this.#drain());
    const onFailure = (error: unknown) => this.#attempt(() => this.#recover(error));
    const watch = watchReadable(this.#socket.fd, onReadable, onFailure);
    if (!this.#isReferenced) watch.unref();
    return watch;
  }

  /** Whatever is thrown ends the events and is told. */
  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.close();
      this.#onError(error);
    }
  }

  #drain(): void {
    for (let count = 0; count < DATAGRAMS_PER_TURN; count++) {
      const datagram = this.#receive();
      if (!datagram) return;
      for (const message of readMessages(datagram)) {
        const event = readEvent(message);
        if (event) this.#onEvent(event);
        // Who was told may have closed this monitor.
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

  /**
   * A socket that has lost events is in an error state, at which the event loop stops to watch it.
   */
  #recover(error: unknown): void {
    if (this.#socket.takeError() !== Errno.ENOBUFS) throw error;
    this.#onEvent({ topic: 'lost' });
    if (!this.#socket.fd.isClosed) this.#watch = this.#startWatch();
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

/**
 * Bridges tell of their ports by link messages of their own family, which say nothing of the link.
 */
function readLinkEvent(message: Message): NetworkEvent | undefined {
  if (message.payload[0] !== 0) return undefined;
  return { topic: 'links', isGone: message.type === RTM.DELLINK, link: readLink(message) };
}
