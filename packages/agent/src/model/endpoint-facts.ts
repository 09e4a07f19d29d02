/** An endpoint in the words of the model, and of policy. */
import {
  type Labels,
  type NamedPort,
  namedPortKey,
  type Peer,
  reservedLabels,
  type Subject,
} from '@skep/policy';
import { type Address, type Prefix, singlePrefix } from '@skep/wire';

/** One local endpoint. */
export interface EndpointFacts {
  /** 1 to ENDPOINTS_MAX. */
  readonly id: number;
  readonly name: string;
  readonly namespace: string;
  /** Absent while they are not known. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly ipv4?: Address;
  readonly ipv6?: Address;
  readonly namedPorts?: readonly NamedPort[];
  /** Of the host's end of its device. */
  readonly interfaceIndex: number;
  readonly mac: Uint8Array;
  readonly gatewayMac: Uint8Array;
}

/** An endpoint with what the node has worked out about it. */
export interface KnownEndpoint extends EndpointFacts {
  readonly policyLabels: Labels;
  readonly identity: number;
  readonly subject: number;
}

/** As people call it. */
export function qualifiedName(endpoint: Pick<EndpointFacts, 'namespace' | 'name'>): string {
  return `${endpoint.namespace}/${endpoint.name}`;
}

/** Whether a `namespace/name` is meant: by all of it, or by its last part alone. */
export function isCalled(whole: string, text: string): boolean {
  return whole === text || whole.endsWith(`/${text}`);
}

/** The key of the node itself among the peers and the subjects of the policy set. */
export const HOST = 'host';
const ENDPOINT_PREFIX = 'endpoint/';

/** The key of an endpoint among the peers of the policy set. */
export function peerKey(id: number): string {
  return `${ENDPOINT_PREFIX}${id}`;
}

/** The endpoint of such a key; `NaN`, which no endpoint has, for others. */
export function endpointIdOf(key: string): number {
  return key.startsWith(ENDPOINT_PREFIX) ? Number(key.slice(ENDPOINT_PREFIX.length)) : Number.NaN;
}

/** Endpoints with equal text share their rules. */
export function subjectKeyOf(known: Pick<KnownEndpoint, 'policyLabels' | 'namedPorts'>): string {
  const ports = known.namedPorts ?? [];
  return JSON.stringify([known.policyLabels.canonical, ports.map(namedPortKey).sort()]);
}

/** Whom rules are about. */
export function subjectOf(known: KnownEndpoint): Subject {
  return { labels: known.policyLabels, namedPorts: known.namedPorts ?? [] };
}

/** Whom rules name. */
export function peerOf(known: KnownEndpoint): Peer {
  return { ...subjectOf(known), isManaged: true, prefixes: prefixesOf(known) };
}

/** The node itself, with every prefix that comes to it. */
export function hostPeer(prefixes: readonly Prefix[]): Peer {
  return { labels: reservedLabels(HOST), isManaged: true, prefixes };
}

/** Its addresses, each as a prefix of full length. */
export function prefixesOf(facts: EndpointFacts): Prefix[] {
  return [facts.ipv4, facts.ipv6].filter((each) => each !== undefined).map(singlePrefix);
}
