/** Whether an endpoint's devices are still as they were made: what a runtime asks with CHECK. */
import { type Link, Network } from '@skep/netlink';
import { formatAddress, formatMac, formatPrefix, singlePrefix } from '@skep/wire';
import { addressesOf, type EndpointDevice, findDevice, GATEWAY } from './endpoint-device.ts';
import { checkWayOut, type WayOut } from './endpoint-routes.ts';

/** What is missing or different, one sentence each. */
export function checkDevice(host: Network, device: EndpointDevice): string[] {
  const hostIndex = findDevice(host, device.hostInterface)?.index;
  return [...checkHost(host, device), ...checkInside(device, hostIndex)];
}

function checkHost(host: Network, device: EndpointDevice): string[] {
  const { hostInterface } = device;
  const link = findDevice(host, hostInterface);
  if (!link) return [`host interface ${hostInterface}: it is gone`];
  const problems = checkWay(host, device, link);
  if (link.kind !== device.kind) {
    problems.push(`host interface ${hostInterface}: a ${link.kind}, expected a ${device.kind}`);
  }
  return [...problems, ...checkMtu(`host interface ${hostInterface}`, link, device)];
}

/** What is missing of the way that `openRoutes` opens. @param link the host's end */
export function checkWay(host: Network, device: EndpointDevice, { index, isUp }: Link): string[] {
  const { hostInterface } = device;
  const problems = isUp ? [] : [`host interface ${hostInterface}: it is down`];
  const routes = host.routes.list({ linkIndex: index });
  const neighbours = host.neighbours.list(index).filter(({ isPermanent }) => isPermanent);
  const mac = formatMac(device.mac);
  for (const address of addressesOf(device)) {
    const destination = formatPrefix(singlePrefix(address));
    if (!routes.some((route) => formatPrefix(route.destination) === destination)) {
      problems.push(`host route to ${destination} by ${hostInterface}: it is gone`);
    }
    const text = formatAddress(address);
    const known = neighbours.find((each) => formatAddress(each.address) === text)?.mac;
    if (!known || formatMac(known) !== mac) {
      problems.push(`neighbour ${text} of ${hostInterface}: it is not ${mac} any more`);
    }
  }
  return problems;
}

function checkInside(device: EndpointDevice, hostIndex: number | undefined): string[] {
  const { interfaceName, networkNamespace } = device;
  let inside: Network;
  try {
    inside = new Network(networkNamespace);
  } catch (error) {
    return [`namespace ${networkNamespace}: ${(error as Error).message}`];
  }
  try {
    const link = inside.links.find(interfaceName);
    if (!link) return [`interface ${interfaceName}: it is gone`];
    const problems = link.isUp ? [] : [`interface ${interfaceName}: it is down`];
    const [found, expected] = [link.mac && formatMac(link.mac), formatMac(device.mac)];
    if (found !== expected) {
      problems.push(`interface ${interfaceName}: MAC address ${found}, expected ${expected}`);
    }
    problems.push(...checkMtu(`interface ${interfaceName}`, link, device));
    // Of a netkit pair, whose programs know it by that.
    if (device.kind === 'netkit' && hostIndex !== undefined && link.index !== hostIndex) {
      problems.push(`interface ${interfaceName}: index ${link.index}, expected ${hostIndex}`);
    }
    return [
      ...problems,
      ...addressesOf(device).flatMap((address) => {
        const gateway = address.family === 4 ? GATEWAY.ipv4 : GATEWAY.ipv6;
        const { id: endpointId } = device;
        return checkAddress(inside, { endpointId, linkIndex: link.index, address, gateway });
      }),
    ];
  } finally {
    inside.close();
  }
}

/** Of an endpoint that was made with one. */
function checkMtu(name: string, found: Link, { mtuBytes: expected }: EndpointDevice): string[] {
  if (expected === undefined || found.mtuBytes === expected) return [];
  return [`${name}: MTU ${found.mtuBytes}, expected ${expected}`];
}

function checkAddress(inside: Network, wayOut: WayOut): string[] {
  const text = formatAddress(wayOut.address);
  const hasAddress = inside.addresses.list(wayOut.linkIndex).some((each) => {
    return formatAddress(each.address) === text;
  });
  return [...(hasAddress ? [] : [`address ${text}: it is gone`]), ...checkWayOut(inside, wayOut)];
}
