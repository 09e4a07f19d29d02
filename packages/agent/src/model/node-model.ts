/**
 * What the node knows, and how it becomes the datapath's tables: endpoints, identities, the ipcache,
 * policy. No system calls: the tables may be the kernel's or the machine's.
 *
 * Order of every change (see `PolicyChanges` of `@skep/policy`): what restricts, then programs, then
 * what grants; so at no instant does half of a change decide.
 */
import {
  IDENTITY_ALLOCATED_FIRST,
  IDENTITY_ALLOCATED_LAST,
  ReservedIdentity,
  SUBJECTS_MAX,
} from '@skep/contract';
import {
  documentKey,
  type Explanation,
  explain,
  type NamedPort,
  type Party,
  type Peer,
  type PolicyChanges,
  type PolicyDocument,
  PolicySet,
  reservedLabels,
  type PolicyProtocol,
  type PolicyUpdate,
  type Labels,
  type Subject,
  workloadLabels,
} from '@skep/policy';
import { type Address, formatAddress, type Prefix } from '@skep/wire';
import type { DatapathTables } from '../tables/datapath-tables.ts';
import { Ipcache, type IpcacheEntry } from './ipcache.ts';
import { Numbers } from './numbers.ts';
import { SelectorSets } from './selector-sets.ts';

/** One local endpoint. */
export interface EndpointFacts {
  /** 1 to ENDPOINTS_MAX. */
  readonly id: number;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly ipv4?: Address;
  readonly ipv6?: Address;
  readonly namedPorts?: readonly NamedPort[];
  /** Of the host's end of its veth. */
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

/** Several of the subjects' rules could not be carried out; those subjects are closed. */
export class PolicyRefusedError extends Error {
  readonly code = 'ERR_POLICY_REFUSED';
  constructor(readonly causes: readonly Error[]) {
    super(`apply policy: ${causes.map((cause) => cause.message).join('; ')}`);
  }
}

export interface NodeModelOptions {
  /** A number that was never given before on these tables. */
  readonly nextRevision: () => number;
}

const HOST = 'host';

export class NodeModel {
  readonly policy = new PolicySet();
  readonly ipcache: Ipcache;
  readonly identities = new Numbers('identity', IDENTITY_ALLOCATED_FIRST, IDENTITY_ALLOCATED_LAST);
  private readonly subjects = new Numbers('subject', 1, SUBJECTS_MAX);
  private readonly endpoints = new Map<number, KnownEndpoint>();
  private readonly revisions = new Map<string, number>();

  constructor(
    private readonly tables: DatapathTables,
    private readonly options: NodeModelOptions,
  ) {
    const sets = new SelectorSets(tables);
    this.ipcache = new Ipcache(tables, sets, (key) => this.occupantOf(key));
    tables.setSelectorSet(0, []);
    for (const prefix of this.policy.prefixesInUse()) {
      this.ipcache.write({ prefix, kind: 'added', before: [], after: [] }, []);
    }
    this.bumpMembership();
  }

  /** The node's own addresses: whatever of it endpoints may talk to. */
  setNodeAddresses(addresses: readonly Prefix[]): void {
    const peer: Peer = { labels: reservedLabels('host'), isManaged: true, prefixes: addresses };
    this.change({ peers: new Map([[HOST, peer]]) });
  }

  /**
   * Makes an endpoint known: rules first, then its row, then its addresses.
   *
   * @throws NumbersExhaustedError when there are too many different labels
   */
  addEndpoint(facts: EndpointFacts): KnownEndpoint {
    if (this.endpoints.has(facts.id)) this.removeEndpoint(facts.id);
    const labels = workloadLabels(facts.labels, facts.namespace, facts.namespaceLabels);
    const subjectText = subjectKey(labels, facts.namedPorts);
    const known: KnownEndpoint = {
      ...facts,
      policyLabels: labels,
      identity: this.identities.acquire(labels.canonical).number,
      subject: this.subjects.acquire(subjectText).number,
    };
    this.endpoints.set(facts.id, known);
    const subject: Subject = { labels, namedPorts: facts.namedPorts ?? [] };
    const peer: Peer = {
      labels,
      isManaged: true,
      prefixes: prefixesOf(facts),
      namedPorts: facts.namedPorts ?? [],
    };
    this.change({
      subjects: new Map([[subjectText, subject]]),
      peers: new Map([[peerKey(facts.id), peer]]),
    });
    return known;
  }

  /** Forgets an endpoint: its addresses first. What it was remembered by is decided anew. */
  removeEndpoint(id: number): void {
    const known = this.endpoints.get(id);
    if (!known) return;
    const subjectText = subjectKey(known.policyLabels, known.namedPorts);
    const isLast = this.subjects.release(subjectText);
    this.change({
      deletedPeers: [peerKey(id)],
      ...(isLast ? { deletedSubjects: [subjectText] } : {}),
    });
    this.tables.clearEndpoint(id);
    if (isLast) {
      this.tables.closeSubject(known.subject, this.options.nextRevision());
      this.revisions.delete(subjectText);
    }
    this.identities.release(known.policyLabels.canonical);
    this.endpoints.delete(id);
    this.bumpMembership();
  }

  /**
   * Adds or replaces documents.
   *
   * @throws PolicyRefusedError when a subject's rules are too large; what was before is in force then
   */
  applyDocuments(documents: readonly PolicyDocument[]): void {
    const keys = new Set(documents.map(documentKey));
    const before = this.policy.documents().filter((each) => keys.has(documentKey(each)));
    try {
      this.change({ documents });
    } catch (error) {
      const known = new Set(before.map(documentKey));
      this.change({
        documents: before,
        deletedDocuments: [...keys].filter((key) => !known.has(key)),
      });
      throw error;
    }
  }

  /** By `documentKey`; unknown ones are no error. */
  deleteDocuments(keys: readonly string[]): void {
    this.change({ deletedDocuments: keys });
  }

  list(): KnownEndpoint[] {
    return [...this.endpoints.values()].sort((left, right) => left.id - right.id);
  }

  endpoint(id: number): KnownEndpoint | undefined {
    return this.endpoints.get(id);
  }

  /** Which rule decides about a flow, and what would change it. */
  explain(from: Party, to: Party, protocol: PolicyProtocol, port: number): Explanation {
    return explain(this.policy, { from, to, protocol, port });
  }

  /** A local endpoint, the node, or something outside, as `explain` takes it. */
  partyAt(address: Address): Party {
    const facts = this.policy.peerAtAddress(address);
    const endpoint = this.endpoints.get(Number(facts.key?.split('/')[1]));
    const name = endpoint ? qualifiedName(endpoint) : (facts.key ?? formatAddress(address));
    if (!endpoint) return { name, facts };
    const subject = { labels: endpoint.policyLabels, namedPorts: endpoint.namedPorts ?? [] };
    return { name, facts, subject };
  }

  /** The longest prefix of the ipcache that holds the address. */
  private occupantOf(key: string): { identity: number; endpoint: number } | undefined {
    if (key === HOST) return { identity: ReservedIdentity.Host, endpoint: 0 };
    const endpoint = this.endpoints.get(Number(key.split('/')[1]));
    return endpoint && { identity: endpoint.identity, endpoint: endpoint.id };
  }

  private change(update: PolicyUpdate): void {
    const changes = this.policy.update(update);
    const refused = this.carryOut(changes);
    this.policy.release(changes.groupsReleased);
    if (refused.length > 0) throw new PolicyRefusedError(refused);
  }

  private carryOut(changes: PolicyChanges): Error[] {
    for (const place of changes.places) {
      if (place.kind !== 'removed') this.ipcache.write(place, place.before);
    }
    const refused = changes.subjects.flatMap((each) => this.swap(each));
    for (const place of changes.places) {
      if (place.kind === 'removed') {
        if (place.prefix) this.ipcache.delete(place.prefix);
      } else if (!isSame(place.before, place.after)) {
        this.ipcache.write(place, place.after);
      }
    }
    this.writeEndpoints(changes);
    const isRemoved = changes.places.some((place) => place.kind === 'removed');
    if (changes.isMembershipChanged || isRemoved) this.bumpMembership();
    return refused;
  }

  private swap({ key, table }: PolicyChanges['subjects'][number]): Error[] {
    const subject = this.subjects.numberOf(key);
    if (subject === undefined) return [];
    const revision = this.options.nextRevision();
    this.revisions.set(key, revision);
    try {
      this.tables.setSubject(subject, table, revision);
      return [];
    } catch (error) {
      this.tables.closeSubject(subject, this.options.nextRevision());
      return [error instanceof Error ? error : new Error(String(error))];
    }
  }

  /** The rows of endpoints whose selector sets have changed, or that are new. */
  private writeEndpoints(changes: PolicyChanges): void {
    const touched = new Set(changes.places.map((place) => place.peerKey));
    for (const endpoint of this.endpoints.values()) {
      if (touched.has(peerKey(endpoint.id))) this.writeEndpoint(endpoint);
    }
  }

  private writeEndpoint(endpoint: KnownEndpoint): void {
    const setOf = (address: Address | undefined): number =>
      (address && this.ipcache.get(single(address))?.selectorSet) ?? 0;
    const { interfaceIndex, identity, subject, mac, gatewayMac } = endpoint;
    this.tables.setEndpoint(endpoint.id, {
      interfaceIndex,
      identity,
      subject,
      mac,
      gatewayMac,
      selectorSet4: setOf(endpoint.ipv4),
      selectorSet6: setOf(endpoint.ipv6),
    });
  }

  private bumpMembership(): void {
    this.tables.setMembershipRevision(this.options.nextRevision());
  }
}

/** As people call it. */
export function qualifiedName(endpoint: Pick<EndpointFacts, 'namespace' | 'name'>): string {
  return `${endpoint.namespace}/${endpoint.name}`;
}

export type { IpcacheEntry };

function peerKey(id: number): string {
  return `endpoint/${id}`;
}

function subjectKey(labels: Labels, ports: readonly NamedPort[] = []): string {
  const names = ports.map((port) => `${port.name}=${port.protocol}/${port.port}`).sort();
  return `${labels.canonical}|${names.join(',')}`;
}

function prefixesOf(facts: EndpointFacts): Prefix[] {
  return [facts.ipv4, facts.ipv6].filter((each) => each !== undefined).map(single);
}

function single(address: Address): Prefix {
  return { address, length: address.bytes.length * 8 };
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((each, index) => each === right[index]);
}
