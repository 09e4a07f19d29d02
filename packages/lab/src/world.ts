/**
 * The world of a lab: one network namespace behind the node that has the addresses of everything
 * outside the cluster, as a router's other side would.
 */
import { Network } from '@skep/netlink';
import { type Address, parseAddress, parsePrefix, singlePrefix } from '@skep/wire';

/** Name of the node's interface to the world, and of the world's to the node. */
const NODE_LINK = 'world';
const WORLD_LINK = 'eth0';
/** Locally administered (IEEE 802 section 8.2), and of no endpoint. */
const NODE_MAC = Uint8Array.of(0x06, 0x5c, 0xe9, 0xff, 0, 1);
const WORLD_MAC = Uint8Array.of(0x02, 0x5c, 0xe9, 0xff, 0, 1);
/** The way to the node; nobody has to have these addresses, since neighbours are told by hand. */
const GATEWAYS = [
  { via: parseAddress('169.254.1.1'), destination: parsePrefix('0.0.0.0/0') },
  { via: parseAddress('fe80::1'), destination: parsePrefix('::/0') },
];

/**
 * Connects the node's namespace with the world's and gives the world its addresses.
 *
 * @throws NetlinkError, SettingError
 */
export function connectWorld(
  nodeNamespace: string,
  worldNamespace: string,
  addresses: readonly Address[],
): void {
  const node = new Network(nodeNamespace);
  const world = new Network(worldNamespace);
  try {
    const peer = { name: WORLD_LINK, mac: WORLD_MAC, namespaceFd: world.namespace.number };
    node.links.createVeth({ name: NODE_LINK, mac: NODE_MAC, peer });
    setUpWorld(world, addresses);
    setUpNode(node, addresses);
  } finally {
    world.close();
    node.close();
  }
}

function setUpWorld(world: Network, addresses: readonly Address[]): void {
  world.links.set('lo', { isUp: true });
  world.links.set(WORLD_LINK, { isUp: true });
  const linkIndex = world.links.get(WORLD_LINK).index;
  for (const address of addresses) {
    const { length: prefixLength } = singlePrefix(address);
    world.addresses.add({ linkIndex, address, prefixLength, isDetectionSkipped: true });
  }
  for (const { via, destination } of GATEWAYS) {
    if (!addresses.some(({ family }) => family === via.family)) continue;
    world.neighbours.replace({ linkIndex, address: via, mac: NODE_MAC });
    world.routes.replace({ destination, via, linkIndex, isOnLink: true });
  }
}

function setUpNode(node: Network, addresses: readonly Address[]): void {
  node.settings.writeLink(4, NODE_LINK, 'rp_filter', 0);
  node.links.set(NODE_LINK, { isUp: true });
  const linkIndex = node.links.get(NODE_LINK).index;
  for (const address of addresses) {
    node.neighbours.replace({ linkIndex, address, mac: WORLD_MAC });
    node.routes.replace({ destination: singlePrefix(address), linkIndex, scope: 'link' });
  }
}
