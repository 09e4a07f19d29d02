/**
 * Three network namespaces: the sender's, the receiver's, and between them a node that both are
 * connected to by a veth. The addresses are those of the world without devices.
 */
import { Network } from '@skep/netlink';
import { type Fd, inNewNetworkNamespace, openOwnNetworkNamespace } from '@skep/sys';
import { parseAddress, parseMac, parsePrefix } from '@skep/wire';
import { gatewayMac, receiver, sender, type WorldEndpoint } from './datapath-world.ts';

/** What an endpoint sends everything to; it answers to no one, its MAC address is known. */
const gateway = parseAddress('169.254.1.1');
const everything = parsePrefix('0.0.0.0/0');

/** The namespaces and their wires; they end when it is closed. */
export class VethPath {
  readonly node = makeNetwork();
  readonly sender = makeNetwork();
  readonly receiver = makeNetwork();

  constructor() {
    this.node.settings.setForwarding(4, true);
    this.#connect(sender, this.sender);
    this.#connect(receiver, this.receiver);
  }

  /** Index, in the node's namespace, of the host's end of an endpoint's veth. */
  interfaceIndex(endpoint: WorldEndpoint): number {
    return this.node.links.get(hostName(endpoint)).index;
  }

  /** Gives the namespaces back. */
  close(): void {
    for (const network of [this.node, this.sender, this.receiver]) network.close();
  }

  #connect(endpoint: WorldEndpoint, network: Network): void {
    const address = parseAddress(endpoint.ipv4);
    const name = hostName(endpoint);
    const macs = { host: parseMac(gatewayMac), peer: parseMac(endpoint.mac) };
    const namespaceFd = network.namespace.number;
    const peer = { name: 'eth0', mac: macs.peer, namespaceFd };
    const host = this.node.links.createVeth({ name, mac: macs.host, isUp: true, peer });
    this.node.routes.add({ destination: { address, length: 32 }, linkIndex: host.index });
    this.node.neighbours.add({ linkIndex: host.index, address, mac: macs.peer });
    network.links.set('eth0', { isUp: true });
    const linkIndex = network.links.get('eth0').index;
    network.addresses.add({ linkIndex, address, prefixLength: 32 });
    network.neighbours.add({ linkIndex, address: gateway, mac: macs.host });
    network.routes.add({ destination: everything, via: gateway, linkIndex, isOnLink: true });
  }
}

function hostName(endpoint: WorldEndpoint): string {
  return `host-${endpoint.id}`;
}

function makeNetwork(): Network {
  const namespace: Fd<'namespace'> = inNewNetworkNamespace(() => openOwnNetworkNamespace());
  const network = new Network(namespace);
  network.settings.writeLink(6, 'default', 'disable_ipv6', 1);
  return network;
}
