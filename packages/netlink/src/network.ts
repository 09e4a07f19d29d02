/** All that can be read and changed in one network namespace, by one socket. */
import { type Fd, openNetworkNamespace, openOwnNetworkNamespace } from '@skep/sys';
import { Addresses } from './addresses.ts';
import { Exchange } from './exchange.ts';
import { Links } from './links.ts';
import { Neighbours } from './neighbours.ts';
import { Routes } from './routes.ts';
import { Rules } from './rules.ts';
import { Settings } from './settings.ts';
import { type NamespaceReference, NetlinkSocket } from './socket.ts';
import { TrafficControl } from './traffic-control.ts';

/**
 * The network of one namespace. It stays that of this namespace, whatever becomes of the name or
 * process that the namespace was found by; while it is open the namespace stays.
 *
 * @example
 * const network = new Network('/run/netns/blue');
 * network.links.set('lo', { isUp: true });
 * network.close();
 */
export class Network {
  readonly links: Links;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly rules: Rules;
  readonly neighbours: Neighbours;
  readonly trafficControl: TrafficControl;
  readonly settings: Settings;
  /** The namespace; closed by {@link close}. Its number is what a link's `namespaceFd` takes. */
  readonly namespace: Fd<'namespace'>;
  readonly #socket: NetlinkSocket;

  /** @throws KernelError where the namespace cannot be opened or entered. */
  constructor(namespace?: NamespaceReference) {
    this.namespace = openReference(namespace);
    try {
      this.#socket = new NetlinkSocket(this.namespace);
    } catch (error) {
      this.namespace.close();
      throw error;
    }
    const exchange = new Exchange(this.#socket);
    this.links = new Links(exchange);
    this.addresses = new Addresses(exchange);
    this.routes = new Routes(exchange);
    this.rules = new Rules(exchange);
    this.neighbours = new Neighbours(exchange);
    this.trafficControl = new TrafficControl(exchange);
    this.settings = new Settings(this.namespace);
  }

  /** Closes the socket. What was made stays. */
  close(): void {
    this.#socket.close();
    this.namespace.close();
  }
}

/** A descriptor of its own for whatever names a namespace. */
function openReference(namespace: NamespaceReference): Fd<'namespace'> {
  if (namespace === undefined) return openOwnNetworkNamespace();
  return typeof namespace === 'string' ? openNetworkNamespace(namespace) : namespace.duplicate();
}
