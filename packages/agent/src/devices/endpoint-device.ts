/**
 * An endpoint's devices: a pair whose one end is in the endpoint's namespace, addresses and routes
 * in it, and the host's routes to it. Everything outside goes by way of the gateway, whose
 * addresses are link-local and answered by the datapath.
 */
import { ENDPOINTS_MAX, INTERFACE_INDEXES_MAX } from '@skep/contract';
import { atLimit, interfaces } from '@skep/datapath';
import { type Link, NetlinkError, Network } from '@skep/netlink';
import { Errno, KernelError } from '@skep/sys';
import { type Address, parseAddress, singlePrefix } from '@skep/wire';
import { EndpointError } from '../endpoints/endpoint-error.ts';
import type { DeviceKind } from './device-kind.ts';
import { closeWayOut, openWayOut } from './endpoint-routes.ts';

/**
 * The endpoint's only neighbour: on its link, and nowhere else. @source RFC 3927, RFC 4291 section
 * 2.5.6
 */
export const GATEWAY = { ipv4: parseAddress('169.254.1.1'), ipv6: parseAddress('fe80::1') };
/** Marks the links that the agent has made. */
export const LINK_GROUP = 0x5ce9;
/** Out of the way of the interfaces that a machine starts with. */
const FIRST_INDEX = 10_000;
/** IN6_ADDR_GEN_MODE_NONE. @source include/uapi/linux/if_link.h */
const NO_LINK_LOCAL_ADDRESS = 1;

/** Both ends of an endpoint's pair, as they are to be; MAC addresses are 6 bytes each. */
export interface EndpointDevice {
  readonly id: number;
  readonly kind: DeviceKind;
  /** Name of the host's end. */
  readonly hostInterface: string;
  /** Name and namespace of the endpoint's end. */
  readonly interfaceName: string;
  readonly networkNamespace: string;
  readonly mac: Uint8Array;
  readonly gatewayMac: Uint8Array;
  /** Of both ends; the kernel's default where absent. */
  readonly mtuBytes?: number;
  readonly ipv4?: Address;
  readonly ipv6?: Address;
}

/** What the names of all host ends begin with. */
export const HOST_INTERFACE_PREFIX = 'skep';

/** The host's end of an endpoint's pair. */
export function hostInterfaceName(id: number): string {
  return `${HOST_INTERFACE_PREFIX}${id}`;
}

/** The links that an agent has made in a namespace, whoever remembers them. */
export function markedLinks({ links }: Network): Link[] {
  return links.list().filter(({ group }) => group === LINK_GROUP);
}

/** Locally administered (IEEE 802 section 8.2): 02 for the endpoint's end, 06 for the gateway's. */
export function macOf(id: number, end: 'endpoint' | 'gateway'): Uint8Array {
  return Uint8Array.of(end === 'endpoint' ? 0x02 : 0x06, 0x5c, 0xe9, 0, id >> 8, id & 0xff);
}

/**
 * Makes the devices; an old host's end of the same name is replaced.
 *
 * @returns the interface index of the host's end
 * @throws NetlinkError, EndpointError; what was made so far is taken away again
 */
export function createDevice(host: Network, device: EndpointDevice): number {
  const inside = new Network(device.networkNamespace);
  try {
    deleteDevice(host, device);
    const { index } = createPair(host, inside, device);
    setUpInside(inside, device);
    setUpHost(host, device);
    return index;
  } catch (error) {
    deleteDevice(host, device);
    throw error;
  } finally {
    inside.close();
  }
}

/**
 * Both ends, switched off. The programs of a netkit pair know what its host's end sends by the
 * index of the other end: it is the same in both namespaces. Without programs nothing passes.
 *
 * @source netkit_xmit, drivers/net/netkit.c
 */
function createPair(host: Network, inside: Network, device: EndpointDevice): Link {
  const { hostInterface: name, gatewayMac: mac, interfaceName } = device;
  const mtu = device.mtuBytes === undefined ? {} : { mtuBytes: device.mtuBytes };
  const namespaceFd = inside.namespace.number;
  const peer = { name: interfaceName, mac: device.mac, ...mtu, namespaceFd };
  const end = { name, mac, ...mtu, group: LINK_GROUP };
  if (device.kind === 'veth') {
    return host.links.createVeth({ ...end, index: freeIndex([host], device.id), peer });
  }
  const index = freeIndex([host, inside], device.id);
  return host.links.createNetkit({
    ...{ ...end, index, peer: { ...peer, index } },
    ...{ mode: 'layer2', policy: 'drop', peerPolicy: 'drop' },
  });
}

/**
 * Lets both ends take packets of another size; no end sends at any moment what the other does not
 * take.
 *
 * @throws NetlinkError, KernelError where an end, or its namespace, is gone
 */
export function setMtu(host: Network, device: EndpointDevice, mtuBytes: number): void {
  const inside = new Network(device.networkNamespace);
  try {
    const setInside = (): void => inside.links.set(device.interfaceName, { mtuBytes });
    const isLess = inside.links.get(device.interfaceName).mtuBytes > mtuBytes;
    if (isLess) setInside();
    host.links.set(device.hostInterface, { mtuBytes });
    if (!isLess) setInside();
  } finally {
    inside.close();
  }
}

/** Opens the way to the endpoint: after its programs are attached, never before. */
export function openRoutes(host: Network, device: EndpointDevice, hostIndex: number): void {
  host.links.set(hostIndex, { isUp: true });
  for (const address of addressesOf(device)) {
    host.neighbours.replace({ linkIndex: hostIndex, address, mac: device.mac });
    host.routes.replace({
      destination: singlePrefix(address),
      linkIndex: hostIndex,
      scope: 'link',
    });
  }
}

/**
 * Takes the devices away, and with them routes and neighbours. False where there were none, or one
 * of the name that somebody else has made.
 */
export function deleteDevice(
  host: Network,
  device: Pick<EndpointDevice, 'hostInterface'>,
): boolean {
  const link = findDevice(host, device.hostInterface);
  if (!link) return false;
  try {
    host.links.delete(link.index);
    return true;
  } catch (error) {
    // Its namespace has ended meanwhile, which the kernel does in its own time.
    if (error instanceof NetlinkError && error.errno === Errno.ENODEV) return false;
    throw error;
  }
}

/** What an endpoint's devices do not take with them; nothing where its namespace is gone. */
export function closeWaysOut(device: EndpointDevice): void {
  let inside: Network;
  try {
    inside = new Network(device.networkNamespace);
  } catch (error) {
    if (error instanceof KernelError) return;
    throw error;
  }
  try {
    for (const address of addressesOf(device)) {
      closeWayOut(inside, { endpointId: device.id, address });
    }
  } finally {
    inside.close();
  }
}

/** The host's end of that name, if the agent has made it. */
export function findDevice(host: Network, hostInterface: string): Link | undefined {
  const link = host.links.find(hostInterface);
  return link?.group === LINK_GROUP ? link : undefined;
}

/**
 * Interface indexes are below the datapath's limit, which those that the kernel gives would pass
 * one day: each new interface gets the next number.
 */
function freeIndex(networks: readonly Network[], id: number): number {
  for (let index = FIRST_INDEX + id; index < INTERFACE_INDEXES_MAX; index += ENDPOINTS_MAX) {
    if (networks.every(({ links }) => !links.find(index))) return index;
  }
  const { advice } = atLimit(interfaces.name);
  const found = `no interface index below ${INTERFACE_INDEXES_MAX} is free`;
  const message = `create device of endpoint ${id}: ${found} (${advice})`;
  throw new EndpointError('ERR_ENDPOINT_LIMIT', message);
}

function setUpInside(inside: Network, device: EndpointDevice): void {
  const { interfaceName } = device;
  inside.links.set('lo', { isUp: true });
  if (device.ipv6) {
    inside.settings.writeLink(6, interfaceName, 'accept_ra', 0);
    inside.settings.writeLink(6, interfaceName, 'disable_ipv6', 0);
  }
  inside.links.set(interfaceName, { isUp: true });
  const { index } = inside.links.get(interfaceName);
  for (const family of ['ipv4', 'ipv6'] as const) {
    const address = device[family];
    if (!address) continue;
    const { length: prefixLength } = singlePrefix(address);
    inside.addresses.add({ linkIndex: index, address, prefixLength, isDetectionSkipped: true });
    const gateway = GATEWAY[family];
    openWayOut(inside, { endpointId: device.id, linkIndex: index, address, gateway });
  }
}

/** The host's end stays down until its programs are attached. */
function setUpHost(host: Network, device: EndpointDevice): void {
  const { hostInterface } = device;
  host.settings.writeLink(4, hostInterface, 'rp_filter', 0);
  // An address of its own would be one more of the node's for each endpoint, and nobody uses it.
  host.settings.writeLink(6, hostInterface, 'addr_gen_mode', NO_LINK_LOCAL_ADDRESS);
  if (device.ipv4) host.settings.writeLink(4, hostInterface, 'forwarding', 1);
  if (device.ipv6) {
    host.settings.writeLink(6, hostInterface, 'accept_ra', 0);
    host.settings.writeLink(6, hostInterface, 'forwarding', 1);
  }
}

/** Those that it has, IPv4 first. */
export function addressesOf(device: EndpointDevice): Address[] {
  return [device.ipv4, device.ipv6].filter((address) => address !== undefined);
}
