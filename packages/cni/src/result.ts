/** What a runtime gets to know about an interface, in the shape of its version. */
import type { EndpointView } from '@skep/agent';
import { type CniVersion, isAtLeast } from './versions.ts';

/** A network interface; one without a sandbox is the host's. */
export interface CniInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly sandbox?: string;
}

/** An address; `version` only before 1.0.0. */
export interface CniAddress {
  readonly version?: '4' | '6';
  readonly address: string;
  readonly gateway?: string;
  /** Index in the list of interfaces. */
  readonly interface?: number;
}

/** Name servers and the like. */
export interface Dns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** What ADD answers. @source CNI specification 1.1, "ADD Success" */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces?: readonly CniInterface[];
  readonly ips?: readonly CniAddress[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
  readonly dns?: Dns;
}

/** Which result is wanted. */
export interface ResultRequest {
  readonly cniVersion: CniVersion;
  /** Path of the container's network namespace. */
  readonly networkNamespace: string;
  readonly interfaceName: string;
  /** Of the plugins before this one: ours is added to it. */
  readonly prevResult?: CniResult;
  readonly dns?: Dns;
}

const FAMILIES = [
  { family: 'ipv4', version: '4', bits: 32, any: '0.0.0.0/0' },
  { family: 'ipv6', version: '6', bits: 128, any: '::/0' },
] as const;

/** The host's end, the container's end, and the addresses of the latter. */
export function makeResult(endpoint: EndpointView, request: ResultRequest): CniResult {
  const { cniVersion, networkNamespace, interfaceName, prevResult } = request;
  const before = prevResult?.interfaces ?? [];
  const hasMtu = isAtLeast(cniVersion, '1.1.0') && endpoint.mtuBytes !== undefined;
  const mtu = hasMtu ? { mtu: endpoint.mtuBytes } : {};
  const own = FAMILIES.filter(({ family }) => endpoint[family] !== undefined);
  const ips = own.map(({ family, version, bits }) => ({
    ...(isAtLeast(cniVersion, '1.0.0') ? {} : { version }),
    address: `${endpoint[family]}/${bits}`,
    gateway: endpoint.gateway[family],
    interface: before.length + 1,
  }));
  const routes = own.map(({ family, any }) => ({ dst: any, gw: endpoint.gateway[family] }));
  return {
    cniVersion,
    interfaces: [
      ...before,
      { name: endpoint.hostInterface, ...mtu },
      { name: interfaceName, mac: endpoint.mac, ...mtu, sandbox: networkNamespace },
    ],
    ips: [...(prevResult?.ips ?? []), ...ips],
    routes: [...(prevResult?.routes ?? []), ...routes],
    dns: request.dns ?? prevResult?.dns ?? {},
  };
}

/** What of an endpoint a result does not tell, or tells otherwise; empty when it fits. */
export function compareResult(endpoint: EndpointView, request: ResultRequest): string[] {
  const { networkNamespace, interfaceName, prevResult } = request;
  const inside = prevResult?.interfaces?.find(({ name, sandbox }) => {
    return name === interfaceName && sandbox === networkNamespace;
  });
  const problems = inside
    ? []
    : [`prevResult: no interface ${interfaceName} in ${networkNamespace}`];
  const addresses = (prevResult?.ips ?? []).map(({ address }) => address.split('/')[0]);
  for (const { family } of FAMILIES) {
    const address = endpoint[family];
    if (address === undefined || addresses.includes(address)) continue;
    problems.push(`prevResult: no address ${address}, which the endpoint has`);
  }
  return problems;
}
