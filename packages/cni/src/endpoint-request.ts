/** What the agent is asked for, made of what the runtime says. */
import { isIP } from 'node:net';
import type { EndpointRequest } from '@skep/agent';
import { CniError, CniErrorCode } from './cni-error.ts';
import type { Environment } from './environment.ts';
import type { NetworkConfig } from './network-config.ts';
import type { Dns } from './result.ts';

/** The name of the interface that belongs to the endpoint's own name. */
const FIRST_INTERFACE = 'eth0';

/** The endpoint of a container's interface. @throws CniError */
export function endpointRequest(environment: Environment, config: NetworkConfig): EndpointRequest {
  const { containerId, interfaceName, networkNamespace, args } = environment;
  const mac = config.runtimeConfig.mac ?? args.MAC;
  const uid = args.K8S_POD_UID;
  return {
    name: nameOf(args.K8S_POD_NAME || containerId, interfaceName),
    namespace: args.K8S_POD_NAMESPACE || config.namespace,
    labels: { ...config.labels, ...conventionalLabels(config) },
    ...broughtAddresses(environment, config),
    wantsAddresses: true,
    ...(mac ? { mac } : {}),
    networkNamespace,
    interfaceName,
    attachment: { network: config.name, containerId, ...(uid ? { podUid: uid } : {}) },
  };
}

/** Name servers: what the runtime says, else what the network says. */
export function dnsOf({ runtimeConfig, dns }: NetworkConfig): Dns | undefined {
  const { servers, searches, options } = runtimeConfig.dns ?? {};
  if (!servers && !searches && !options) return dns;
  return {
    ...(servers ? { nameservers: servers } : {}),
    ...(searches ? { search: searches } : {}),
    ...(options ? { options } : {}),
  };
}

function nameOf(name: string, interfaceName: string): string {
  return interfaceName === FIRST_INTERFACE ? name : `${name}@${interfaceName}`;
}

function conventionalLabels({ args }: NetworkConfig): Record<string, string> {
  const labels: unknown = args.labels ?? [];
  if (!Array.isArray(labels) || !labels.every(isLabel)) {
    const message = `args.cni.labels: found ${JSON.stringify(labels)}, expected a list`;
    throw new CniError(CniErrorCode.InvalidConfig, message, '[{ "key": KEY, "value": VALUE }]');
  }
  return Object.fromEntries(labels.map(({ key, value }) => [key, value]));
}

function isLabel(entry: unknown): entry is { readonly key: string; readonly value: string } {
  const { key, value } = (entry ?? {}) as { key?: unknown; value?: unknown };
  return typeof key === 'string' && typeof value === 'string';
}

/** At most one of each family; a length of the prefix is of no use, every address is alone. */
function broughtAddresses(
  { args }: Environment,
  { runtimeConfig, args: conventional }: NetworkConfig,
): { ipv4?: string; ipv6?: string } {
  const wanted = runtimeConfig.ips ?? conventional.ips ?? args.IP?.split(',') ?? [];
  const found: { ipv4?: string; ipv6?: string } = {};
  for (const text of wanted) {
    const [address = ''] = text.trim().split('/');
    const version = isIP(address);
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (version === 0 || found[family] !== undefined) {
      const message = `ips ${JSON.stringify(wanted)}: expected at most one address of each family`;
      throw new CniError(CniErrorCode.UnsupportedField, message);
    }
    found[family] = address;
  }
  return found;
}
