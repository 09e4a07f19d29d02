/** What is stored, in the words of the model, the devices and the datapath. */
import {
  type NamedPort,
  type PolicyDocument,
  PROTOCOLS_BY_NAME,
  parseAccepted,
} from '@skep/policy';
import { type Address, parseAddress, parseMac } from '@skep/wire';
import type { DeviceKind } from '../devices/device-kind.ts';
import { type EndpointDevice, hostInterfaceName, macOf } from '../devices/endpoint-device.ts';
import type { Attachable } from '../kernel/endpoint-datapath.ts';
import type { EndpointFacts } from '../model/endpoint-facts.ts';
import type { StoredEndpoint, StoredPolicy } from './schema.ts';

/** Name of the interface inside where the request has none. */
export const DEFAULT_INTERFACE = 'eth0';

/** @throws AddressError for an address that is none */
export function deviceOf(stored: StoredEndpoint): EndpointDevice {
  const { id, networkNamespace, mtuBytes } = stored;
  return {
    id,
    kind: deviceKindOf(stored),
    networkNamespace,
    hostInterface: hostInterfaceName(id),
    interfaceName: stored.interfaceName ?? DEFAULT_INTERFACE,
    mac: endpointMac(stored),
    gatewayMac: macOf(id, 'gateway'),
    ...(mtuBytes === undefined ? {} : { mtuBytes }),
    ...addressesOf(stored),
  };
}

/** What an endpoint is connected by: all have veths of which it is not written down. */
export function deviceKindOf({ deviceKind }: StoredEndpoint): DeviceKind {
  return deviceKind ?? 'veth';
}

/** @param interfaceIndex of the host's end of its device */
export function factsOf(stored: StoredEndpoint, interfaceIndex: number): EndpointFacts {
  const { id, name, namespace, labels, namespaceLabels } = stored;
  return {
    id,
    name,
    namespace,
    ...(labels && { labels }),
    ...(namespaceLabels && { namespaceLabels }),
    ...addressesOf(stored),
    namedPorts: (stored.namedPorts ?? []).map(
      (port): NamedPort => ({ ...port, protocol: PROTOCOLS_BY_NAME[port.protocol] }),
    ),
    interfaceIndex,
    mac: endpointMac(stored),
    gatewayMac: macOf(id, 'gateway'),
  };
}

/** @param interfaceIndex of the host's end of its device */
export function attachableOf(stored: StoredEndpoint, interfaceIndex: number): Attachable {
  return { id: stored.id, interfaceIndex, deviceKind: deviceKindOf(stored) };
}

/** The documents of a stored text that are still in force, whichever build has accepted it. */
export function parseStored({ text, file, keys }: StoredPolicy): PolicyDocument[] {
  return parseAccepted(text, file, keys);
}

function endpointMac({ id, mac }: StoredEndpoint): Uint8Array {
  return mac === undefined ? macOf(id, 'endpoint') : parseMac(mac);
}

function addressesOf({ ipv4, ipv6 }: StoredEndpoint): { ipv4?: Address; ipv6?: Address } {
  return {
    ...(ipv4 ? { ipv4: parseAddress(ipv4) } : {}),
    ...(ipv6 ? { ipv6: parseAddress(ipv6) } : {}),
  };
}
