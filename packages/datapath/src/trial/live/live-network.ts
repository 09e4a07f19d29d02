/**
 * The node of the trials as devices: anna and bert in namespaces of their own, each on a pair whose
 * other end is the host's, and an uplink to the world. All namespaces are nameless: they end with
 * their last descriptor, so with this process whatever becomes of it.
 */
import { Network, type NewVeth } from '@skep/netlink';
import {
  Errno,
  EVERY_ETHER_TYPE,
  type Fd,
  inNetworkNamespace,
  inNewNetworkNamespace,
  KernelError,
  openOwnNetworkNamespace,
  openPacketSocket,
  receiveFrame,
  sendFrame,
} from '@skep/sys';
import { EtherType, parseAddress, parseMac, parsePrefix, singlePrefix } from '@skep/wire';
import type { HookName, UplinkHookName } from '../engine.ts';
import * as world from '../world.ts';

type Socket = Fd<'socket'>;

/** Where a frame can come out. */
export type Place =
  /** At the endpoint's own interface, in its namespace. */
  | { readonly kind: 'endpoint'; readonly endpoint: world.TrialEndpoint }
  /** Behind the hook that the endpoint sends through: in the node's stack. */
  | { readonly kind: 'stack'; readonly endpoint: world.TrialEndpoint }
  /** Behind the hook that the world sends through: in the node's stack. */
  | { readonly kind: 'uplink' }
  /** At the far end of the uplink. */
  | { readonly kind: 'world' };

/** A frame, and where it came out. */
export interface Arrival {
  readonly place: Place;
  readonly frame: Uint8Array;
}

const STACK_ETHER_TYPES = [EtherType.IPv4, EtherType.IPv6, EtherType.ARP];

/** What anna and bert are connected by. */
export type PairKind = 'veth' | 'netkit';

/** Real devices; nothing in it speaks by itself. */
export class LiveNetwork {
  readonly host: Network;
  private readonly networks: Network[] = [];
  private readonly sockets: Socket[] = [];
  private readonly inlets = new Map<world.TrialEndpoint, Record<HookName, Socket>>();
  private uplinkInlets: Record<UplinkHookName, Socket> | undefined;
  private readonly outlets: { readonly place: Place; readonly socket: Socket }[] = [];

  /** @throws KernelError, NetlinkError; what was made so far is taken away again */
  constructor(private readonly kind: PairKind) {
    try {
      this.host = this.newNetwork();
      setUpHost(this.host);
      for (const endpoint of [world.ANNA, world.BERT]) this.addEndpoint(endpoint);
      this.addUplink();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Out of the endpoint's interface, or out of the host's end towards it. There the kernel tells
   * the sender of a drop, as if there had been no room: it is left to the counters to say why.
   *
   * @throws KernelError
   */
  send(hook: HookName, endpoint: world.TrialEndpoint, frame: Uint8Array): void {
    send(this.inlets.get(endpoint)![hook], frame, hook === 'to');
  }

  /** Out of the uplink, or out of its far end. @throws KernelError */
  sendAtUplink(hook: UplinkHookName, frame: Uint8Array): void {
    send(this.uplinkInlets![hook], frame, hook === 'to network');
  }

  /** What has come out since the last call. */
  receive(): Arrival[] {
    return this.outlets.flatMap(({ place, socket }) => {
      const arrivals: Arrival[] = [];
      for (let frame = receiveFrame(socket); frame; frame = receiveFrame(socket)) {
        arrivals.push({ place, frame });
      }
      return arrivals;
    });
  }

  /** Lets go of the namespaces, and they of their devices. */
  close(): void {
    for (const socket of this.sockets.splice(0)) socket.close();
    for (const network of this.networks.splice(0)) network.close();
  }

  private newNetwork(): Network {
    const namespace = inNewNetworkNamespace(() => openOwnNetworkNamespace());
    try {
      const network = new Network(namespace);
      this.networks.push(network);
      return network;
    } finally {
      namespace.close();
    }
  }

  private addEndpoint(endpoint: world.TrialEndpoint): void {
    const inside = this.newQuietNetwork();
    const { id, interfaceIndex } = endpoint;
    const mac = parseMac(endpoint.mac);
    const end = { name: `host${id}`, index: interfaceIndex, mac: parseMac(world.GATEWAY_MAC) };
    const peer = { name: 'eth0', mac, namespaceFd: inside.namespace.number };
    this.addPair({ ...end, isUp: true, peer });
    const own = this.openOutlet(inside, { kind: 'endpoint', endpoint }, upIndex(inside));
    this.inlets.set(endpoint, { from: own, to: this.openSocket(this.host, interfaceIndex) });
    for (const etherType of STACK_ETHER_TYPES) {
      this.openOutlet(this.host, { kind: 'stack', endpoint }, interfaceIndex, etherType);
    }
  }

  /** Nothing passes a netkit pair without programs, which know it by the index of both ends. */
  private addPair(pair: NewVeth & { readonly index: number }): void {
    const { links } = this.host;
    if (this.kind === 'veth') {
      links.createVeth(pair);
      return;
    }
    const peer = { ...pair.peer, index: pair.index };
    links.createNetkit({ ...pair, peer, mode: 'layer2', policy: 'drop', peerPolicy: 'drop' });
  }

  /** Where the node's routes to the world lead. */
  private addUplink(): void {
    const outside = this.newQuietNetwork();
    const mac = parseMac(world.WORLD_MAC);
    const peer = { name: 'eth0', mac, namespaceFd: outside.namespace.number };
    const own = { index: world.UPLINK_INTERFACE, mac: parseMac(world.UPLINK_MAC) };
    const { index } = this.host.links.createVeth({ name: 'uplink', ...own, isUp: true, peer });
    const outlet = this.openOutlet(outside, { kind: 'world' }, upIndex(outside));
    this.uplinkInlets = { 'from network': outlet, 'to network': this.openSocket(this.host, index) };
    for (const etherType of STACK_ETHER_TYPES) {
      this.openOutlet(this.host, { kind: 'uplink' }, index, etherType);
    }
    for (const text of [world.WORLD_ADDRESS, world.WORLD_ADDRESS6]) {
      const address = parseAddress(text);
      const destination = { address, length: address.bytes.length * 8 };
      this.host.routes.add({ destination, linkIndex: index, scope: 'link' });
      this.host.neighbours.replace({ linkIndex: index, address, mac });
    }
  }

  /** Its one end of a veth only receives: it has no address, and IPv6 says nothing. */
  private newQuietNetwork(): Network {
    const network = this.newNetwork();
    for (const link of ['all', 'default']) network.settings.writeLink(6, link, 'disable_ipv6', 1);
    return network;
  }

  private openOutlet(
    network: Network,
    place: Place,
    interfaceIndex: number,
    etherType: number = EVERY_ETHER_TYPE,
  ): Socket {
    const socket = this.openSocket(network, interfaceIndex, etherType);
    this.outlets.push({ place, socket });
    return socket;
  }

  private openSocket(network: Network, interfaceIndex: number, etherType = 0): Socket {
    const open = () => openPacketSocket(interfaceIndex, etherType);
    const socket = inNetworkNamespace(network.namespace, open);
    this.sockets.push(socket);
    return socket;
  }
}

function send(inlet: Socket, frame: Uint8Array, isDropTold: boolean): void {
  try {
    sendFrame(inlet, frame);
  } catch (error) {
    const isDrop = error instanceof KernelError && error.errno === Errno.ENOBUFS;
    if (!isDropTold || !isDrop) throw error;
  }
}

function upIndex(network: Network): number {
  network.links.set('eth0', { isUp: true });
  return network.links.get('eth0').index;
}

/**
 * A router that has an address and no route to the endpoints: what it would answer them goes
 * nowhere. Links without a link-local address that are no routers of their own join no group, so
 * IPv6 says nothing on them (RFC 4861 section 6.3.7, RFC 3810 section 6).
 */
function setUpHost(host: Network): void {
  const { settings } = host;
  for (const link of ['all', 'default']) settings.writeLink(4, link, 'rp_filter', 0);
  settings.setForwarding(4, true);
  settings.setForwarding(6, true);
  settings.writeLink(6, 'default', 'forwarding', 0);
  settings.writeLink(6, 'default', 'accept_ra', 0);
  const NO_LINK_LOCAL_ADDRESS = 1;
  settings.writeLink(6, 'default', 'addr_gen_mode', NO_LINK_LOCAL_ADDRESS);
  host.links.set('lo', { isUp: true });
  const { address, length } = parsePrefix(`${world.NODE_ADDRESS}/32`);
  const { index } = host.links.get('lo');
  host.addresses.add({ linkIndex: index, address, prefixLength: length });
  // What comes in by the uplink is seen there; the world is not told that it leads nowhere.
  const { ANNA, BERT, UPLINK_ADDRESS, UPLINK_ADDRESS6 } = world;
  const own = [ANNA.ipv4, ANNA.ipv6, BERT.ipv4, BERT.ipv6, UPLINK_ADDRESS, UPLINK_ADDRESS6];
  for (const text of own) {
    host.routes.add({ destination: singlePrefix(parseAddress(text)), type: 'blackhole' });
  }
}
