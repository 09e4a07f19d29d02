/**
 * What the node knows, and how it becomes the datapath's tables: endpoints, identities, the
 * ipcache, policy. No system calls: the tables may be the kernel's or the machine's.
 *
 * Order of every change (see `PolicyChanges` of `@skep/policy`): what restricts, then programs,
 * then what grants; so at no instant does half of a change decide.
 */
import {
  IDENTITY_ALLOCATED_FIRST,
  IDENTITY_ALLOCATED_LAST,
  ReservedIdentity,
  SUBJECTS_MAX,
} from '@skep/contract';
import type {
  DecisionTable,
  Explanation,
  GroupId,
  Party,
  Peer,
  PlaceChange,
  PolicyChanges,
  PolicyDocument,
  PolicyUpdate,
} from '@skep/policy';
import {
  documentKey,
  explain,
  PolicyProtocol,
  PolicySet,
  reservedLabels,
  workloadLabels,
} from '@skep/policy';
import { type Address, formatAddress, type Prefix } from '@skep/wire';
import type { CompiledSubject, DatapathTables } from '../tables/datapath-tables.ts';
import {
  type EndpointFacts,
  type KnownEndpoint,
  peerKey,
  peerOf,
  prefixesOf,
  qualifiedName,
  single,
  subjectKeyOf,
  subjectOf,
} from './endpoint-facts.ts';
import { Generation, type GenerationNumber } from './generation.ts';
import { type InheritedPlaces, Ipcache } from './ipcache.ts';
import { Numbers } from './numbers.ts';
import { EMPTY_SELECTOR_SET, SelectorSets } from './selector-sets.ts';

/** Rules of one subject that are ready to be swapped in. */
interface Swap {
  readonly subject: number;
  readonly compiled: CompiledSubject;
}

interface Refusal {
  readonly subject: number;
  readonly cause: Error;
}

/** The rules of some subjects cannot be carried out; nothing of the change is in force. */
export class PolicyRefusedError extends Error {
  readonly code = 'ERR_POLICY_REFUSED';
  constructor(readonly causes: readonly Error[]) {
    super(`apply policy: ${causes.map((cause) => cause.message).join('; ')}`);
  }
}

/** What an earlier agent on the same tables means for this one. */
export interface NodeModelOptions {
  /** A number that was never given before on these tables. */
  readonly nextRevision: () => number;
  /** The other one than the agent before had on these tables. Default: 0. */
  readonly generation?: GenerationNumber;
  /** What the agent before has left, until `dropInherited`. */
  readonly inherited?: InheritedPlaces;
}

/** Numbers by text. */
export interface KeptNumbers {
  readonly identities: Readonly<Record<string, number>>;
  readonly subjects: Readonly<Record<string, number>>;
}

/** Everything that a node is to know at once. */
export interface NodeContents {
  readonly documents: readonly PolicyDocument[];
  readonly nodeAddresses: readonly Prefix[];
  readonly endpoints: readonly EndpointFacts[];
}

const HOST = 'host';

/** The node's endpoints, identities, ipcache and policy, and the tables that they become. */
export class NodeModel {
  readonly policy = new PolicySet();
  readonly ipcache: Ipcache;
  readonly identities = new Numbers('identity', IDENTITY_ALLOCATED_FIRST, IDENTITY_ALLOCATED_LAST);
  readonly subjects = new Numbers('subject', 1, SUBJECTS_MAX);
  private readonly half: Generation;
  private changes = 0;
  private readonly endpoints = new Map<number, KnownEndpoint>();

  constructor(
    private readonly tables: DatapathTables,
    private readonly options: NodeModelOptions,
  ) {
    this.half = new Generation(options.generation ?? 0);
    const sets = new SelectorSets(tables, this.half.sets);
    this.ipcache = new Ipcache(tables, sets, options.inherited);
    tables.setSelectorSet(EMPTY_SELECTOR_SET, []);
    for (const prefix of this.policy.prefixesInUse()) this.ipcache.write(prefix, undefined, []);
    this.bumpMembership();
  }

  /**
   * Fills an empty model in one change, so that no endpoint is seen without its rules.
   *
   * @returns what could not be carried out; the subjects that it concerns are closed
   */
  fill(contents: NodeContents): Error[] {
    const known = contents.endpoints.map((facts) => this.register(facts));
    const host = hostPeer(contents.nodeAddresses);
    const changes = this.policy.update({
      documents: contents.documents,
      subjects: new Map(known.map((each) => [subjectKeyOf(each), subjectOf(each)])),
      peers: new Map([
        [HOST, host],
        ...known.map((each) => [peerKey(each.id), peerOf(each)] as const),
      ]),
    });
    const { swaps, refused } = this.prepare(changes);
    for (const { subject } of refused) {
      this.tables.closeSubject(subject, this.options.nextRevision());
    }
    this.carryOut(changes, swaps);
    return refused.map(({ cause }) => cause);
  }

  /** Identities and subjects by their texts, to be kept for the next agent. */
  numbers(): KeptNumbers {
    const byText = (numbers: Numbers): Record<string, number> =>
      Object.fromEntries(numbers.entries().map(({ text, number }) => [text, number]));
    return { identities: byText(this.identities), subjects: byText(this.subjects) };
  }

  /** Gives what has the same text the same number as before; to be called first. */
  restoreNumbers(kept: KeptNumbers): void {
    for (const [text, number] of Object.entries(kept.identities)) {
      this.identities.restore(text, number);
    }
    for (const [text, number] of Object.entries(kept.subjects)) {
      this.subjects.restore(text, number);
    }
  }

  /** Ends what the agent before has left, when all programs are of this one. */
  dropInherited(): void {
    this.ipcache.dropInherited();
    for (const endpoint of this.endpoints.values()) this.writeEndpoint(endpoint);
    this.bumpMembership();
  }

  /** Grows with every change that may concern a decision. */
  get version(): number {
    return this.changes;
  }

  /** Which half of groups and selector sets it writes with. */
  get generation(): GenerationNumber {
    return this.half.number;
  }

  /** The node's own addresses: whatever of it endpoints may talk to. */
  setNodeAddresses(addresses: readonly Prefix[]): void {
    this.change({ peers: new Map([[HOST, hostPeer(addresses)]]) });
  }

  /**
   * Makes an endpoint known: rules first, then its row, then its addresses.
   *
   * @throws NumbersExhaustedError when there are too many different labels
   */
  addEndpoint(facts: EndpointFacts): KnownEndpoint {
    if (this.endpoints.has(facts.id)) this.removeEndpoint(facts.id);
    const known = this.register(facts);
    try {
      this.change({
        subjects: new Map([[subjectKeyOf(known), subjectOf(known)]]),
        peers: new Map([[peerKey(facts.id), peerOf(known)]]),
      });
    } catch (error) {
      this.removeEndpoint(facts.id);
      throw error;
    }
    return known;
  }

  /** Gives an endpoint its numbers. */
  private register(facts: EndpointFacts): KnownEndpoint {
    const policyLabels = workloadLabels(facts.labels, facts.namespace, facts.namespaceLabels);
    const identity = this.identities.acquire(policyLabels.canonical).number;
    const subjectText = subjectKeyOf({ ...facts, policyLabels });
    const { number: subject, isNew } = this.subjects.acquire(subjectText);
    // Until its rules are in force nothing passes: a number never used would let everything
    // through.
    if (isNew) this.tables.closeSubject(subject, this.options.nextRevision());
    const known = { ...facts, policyLabels, identity, subject };
    this.endpoints.set(facts.id, known);
    return known;
  }

  /**
   * Gives an endpoint other labels, while its traffic goes on: its row changes hands when the rules
   * of the new labels are in force, and then every flow of it is decided anew.
   *
   * @throws PolicyRefusedError, NumbersExhaustedError; the old labels are in force then
   */
  relabelEndpoint(id: number, labels: Readonly<Record<string, string>>): KnownEndpoint {
    const old = this.endpoints.get(id);
    if (!old) throw new RangeError(`relabel endpoint ${id}: it does not exist`);
    const renewed = this.register({ ...old, labels });
    this.endpoints.set(id, old);
    const subjects = new Map([[subjectKeyOf(renewed), subjectOf(renewed)]]);
    try {
      const peers = new Map([[peerKey(id), peerOf(renewed)]]);
      this.change({ subjects, peers }, () => this.endpoints.set(id, renewed));
    } catch (error) {
      this.change({ peers: new Map([[peerKey(id), peerOf(old)]]) });
      this.release(renewed);
      throw error;
    }
    for (const prefix of prefixesOf(renewed)) {
      const bits = this.ipcache.get(prefix)?.bits ?? [];
      this.ipcache.write(prefix, this.occupantOf(peerKey(id)), bits);
    }
    this.writeEndpoint(renewed);
    this.bumpMembership();
    this.release(old);
    return renewed;
  }

  /** Forgets an endpoint: its addresses first. What it was remembered by is decided anew. */
  removeEndpoint(id: number): void {
    const known = this.endpoints.get(id);
    if (!known) return this.tables.clearEndpoint(id);
    this.change({ deletedPeers: [peerKey(id)] });
    this.tables.clearEndpoint(id);
    this.endpoints.delete(id);
    this.bumpMembership();
    this.release(known);
  }

  /** Gives an endpoint's numbers back; the rules of a subject without endpoints are closed. */
  private release(known: KnownEndpoint): void {
    const key = subjectKeyOf(known);
    this.identities.release(known.policyLabels.canonical);
    if (!this.subjects.release(key)) return;
    this.change({ deletedSubjects: [key] });
    this.tables.closeSubject(known.subject, this.options.nextRevision());
  }

  /**
   * Adds or replaces documents.
   *
   * @throws PolicyRefusedError when a subject's rules are too large; what was before is in force
   * then
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

  /** The rules of an endpoint, as its programs decide. */
  tableOf(known: KnownEndpoint): DecisionTable | undefined {
    return this.policy.table(subjectKeyOf(known));
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
    return { name, facts, subject: subjectOf(endpoint) };
  }

  /** `namespace/name` of the local endpoint at an address, `host`, or `world`. */
  ownerOf(address: Address): string {
    const entry = this.ipcache.get(single(address));
    const endpoint = entry && this.endpoints.get(entry.endpoint);
    if (endpoint) return qualifiedName(endpoint);
    return entry?.identity === ReservedIdentity.Host ? 'host' : 'world';
  }

  private occupantOf(key: string): { identity: number; endpoint: number } | undefined {
    if (key === HOST) return { identity: ReservedIdentity.Host, endpoint: 0 };
    const endpoint = this.endpoints.get(Number(key.split('/')[1]));
    return endpoint && { identity: endpoint.identity, endpoint: endpoint.id };
  }

  /** @throws PolicyRefusedError before anything is written */
  private change(update: PolicyUpdate, onSwapped: () => void = () => {}): void {
    const changes = this.policy.update(update);
    const { swaps, refused } = this.prepare(changes);
    if (refused.length > 0) throw new PolicyRefusedError(refused.map(({ cause }) => cause));
    this.carryOut(changes, swaps, onSwapped);
  }

  /** Compiles what is to be swapped in: nothing is written while something may still be refused. */
  private prepare(changes: PolicyChanges): { swaps: Swap[]; refused: Refusal[] } {
    const swaps: Swap[] = [];
    const refused: Refusal[] = [];
    for (const { key, table } of changes.subjects) {
      const subject = this.subjects.numberOf(key);
      if (subject === undefined) continue;
      try {
        const compiled = this.tables.compile(subject, this.half.tableOf(table));
        swaps.push({ subject, compiled });
      } catch (error) {
        refused.push({ subject, cause: error instanceof Error ? error : new Error(String(error)) });
      }
    }
    return { swaps, refused };
  }

  private carryOut(
    changes: PolicyChanges,
    swaps: readonly Swap[],
    onSwapped: () => void = () => {},
  ): void {
    this.changes++;
    const isSwapped = changes.subjects.length > 0;
    if (isSwapped) {
      // A place that goes is written as well: new code must not find old bits at it.
      for (const place of changes.places) this.writePlace(place, place.before);
      this.writeEndpoints(changes);
    }
    for (const { subject, compiled } of swaps) {
      this.tables.setSubject(subject, compiled, this.options.nextRevision());
    }
    onSwapped();
    for (const place of changes.places) {
      if (place.kind === 'removed') {
        if (place.prefix) this.ipcache.delete(place.prefix);
      } else if (!isSwapped || !isSame(place.before, place.after)) {
        this.writePlace(place, place.after);
      }
    }
    this.writeEndpoints(changes);
    // An address that comes or goes stands for something else than it did: for the world, or an
    // endpoint.
    const isMoved = changes.places.some((place) => place.kind !== 'changed');
    if (changes.isMembershipChanged || isMoved) this.bumpMembership();
    this.policy.release(changes.groupsReleased);
  }

  private writePlace({ prefix, peerKey: key }: PlaceChange, groups: readonly GroupId[]): void {
    if (!prefix) return;
    const occupant = key === undefined ? undefined : this.occupantOf(key);
    this.ipcache.write(prefix, occupant, this.half.bitsOf(groups));
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
    this.tables.setEndpoint(endpoint.id, {
      ...endpoint,
      selectorSet4: setOf(endpoint.ipv4),
      selectorSet6: setOf(endpoint.ipv6),
    });
  }

  private bumpMembership(): void {
    this.tables.setMembershipRevision(this.options.nextRevision());
  }
}

/** The protocol as rules tell it apart. */
export function policyProtocolOf(protocol: number): PolicyProtocol {
  return protocol in PolicyProtocol ? (protocol as PolicyProtocol) : PolicyProtocol.Other;
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((each, index) => each === right[index]);
}

function hostPeer(prefixes: readonly Prefix[]): Peer {
  return { labels: reservedLabels('host'), isManaged: true, prefixes };
}
