/**
 * What the node knows, and how it becomes the datapath's tables: endpoints, identities, the
 * ipcache, policy. No system calls: the tables may be the kernel's or the machine's.
 */
import { HOST_SUBJECT, ReservedIdentity } from '@skep/contract';
import { isEnforced } from '@skep/datapath';
import type {
  DecisionTable,
  Explanation,
  Party,
  PolicyDocument,
  PolicyUpdate,
  Subject,
} from '@skep/policy';
import {
  closedButForSafePorts,
  documentKey,
  explain,
  nodeLabels,
  type PolicyProtocol,
  PolicySet,
} from '@skep/policy';
import {
  type Address,
  formatAddress,
  formatPrefix,
  type Prefix,
  prefixContains,
  singlePrefix,
} from '@skep/wire';
import type { DatapathTables } from '../tables/datapath-tables.ts';
import {
  type EndpointFacts,
  endpointIdOf,
  HOST,
  hostPeer,
  type KnownEndpoint,
  peerKey,
  peerOf,
  prefixesOf,
  qualifiedName,
  subjectKeyOf,
  subjectOf,
} from './endpoint-facts.ts';
import { EndpointNumbers } from './endpoint-numbers.ts';
import { Generation, type GenerationNumber } from './generation.ts';
import { Ipcache } from './ipcache.ts';
import type { NodeModelOptions } from './node-model-options.ts';
import type { Numbers } from './numbers.ts';
import { removalOf, replacedBy } from './policy-undo.ts';
import { filesAbout, isAboutNode } from './policy-subjects.ts';
import { PolicyRefusedError, type RefusedSubject } from './refused-policy.ts';
import { EMPTY_SELECTOR_SET, SelectorSets } from './selector-sets.ts';
import { TableChanges } from './table-changes.ts';

/** Everything that a node is to know at once. */
export interface NodeContents {
  readonly documents: readonly PolicyDocument[];
  readonly nodeAddresses: readonly Prefix[];
  readonly endpoints: readonly EndpointFacts[];
}

/** The node's endpoints, identities, ipcache and policy, and the tables that they become. */
export class NodeModel {
  readonly policy: PolicySet;
  readonly ipcache: Ipcache;
  /** Those who restore an earlier life do it first. */
  readonly numbers = new EndpointNumbers();
  private readonly half: Generation;
  private readonly changes: TableChanges;
  private readonly endpoints = new Map<number, KnownEndpoint>();
  private subject: Subject;

  constructor(
    private readonly tables: DatapathTables,
    readonly options: NodeModelOptions,
  ) {
    const { safePorts } = options;
    this.policy = new PolicySet(safePorts ? { safePorts } : {});
    this.subject = { labels: nodeLabels(options.nodeLabels ?? {}) };
    this.half = new Generation(options.generation ?? 0);
    const { first, last } = this.half.sets;
    const setsMax = options.room?.selectorSets ?? last - first + 1;
    const sets = new SelectorSets(tables, { first, last: first + setsMax - 1 });
    this.ipcache = new Ipcache(tables, sets, options.inherited, options.room);
    const { policy, ipcache, half, endpoints } = this;
    const { subjects } = this.numbers;
    const { nextRevision } = options;
    const close = (subject: number): void => this.close(subject);
    const parts = { tables, policy, ipcache, half, subjects, endpoints, nextRevision };
    this.changes = new TableChanges({ ...parts, close });
    tables.setSelectorSet(EMPTY_SELECTOR_SET, []);
    for (const prefix of this.policy.prefixesInUse()) this.ipcache.write(prefix, undefined, []);
    policy.setSubject(HOST, this.node);
    this.changes.bumpMembership();
  }

  /** The node as a subject. */
  get node(): Subject {
    return this.subject;
  }

  get identities(): Numbers {
    return this.numbers.identities;
  }

  /**
   * Fills an empty model in one change, so that no endpoint is seen without its rules. Whose rules
   * cannot be carried out is `refused`.
   */
  fill(contents: NodeContents): void {
    const known = contents.endpoints.map((facts) => this.register(facts));
    const host = hostPeer(contents.nodeAddresses);
    const changes = this.policy.update({
      documents: contents.documents,
      // As if it were new, so that its row is written whatever is there.
      deletedSubjects: [HOST],
      subjects: new Map([
        [HOST, this.node],
        ...known.map((each) => [subjectKeyOf(each), subjectOf(each)] as const),
      ]),
      peers: new Map([
        [HOST, host],
        ...known.map((each) => [peerKey(each.id), peerOf(each)] as const),
      ]),
    });
    const prepared = this.changes.prepare(changes);
    if (prepared.noRoom) throw prepared.noRoom;
    for (const each of prepared.refused) this.changes.close(each);
    this.changes.carryOut(changes, prepared);
  }

  /** Who is closed since its rules cannot be carried out, and why; until others are in force. */
  get refused(): RefusedSubject[] {
    return this.changes.refused.map(({ subject, cause }) => {
      const endpoints = this.list().filter((each) => each.subject === subject);
      const names = subject === HOST_SUBJECT ? [HOST] : endpoints.map(qualifiedName);
      return { names, cause };
    });
  }

  /** Whether rules about the node are in force. */
  get isHostEnforced(): boolean {
    const table = this.policy.table(HOST);
    return table !== undefined && (isEnforced(table.ingress) || isEnforced(table.egress));
  }

  /** The node's flows are followed, whatever its rules say; until {@link enforceHost}. */
  followHost(): void {
    this.tables.followHost(this.options.nextRevision());
  }

  /** The node's flows are followed, and its rules decide. */
  enforceHost(): void {
    this.tables.enforceHost(this.options.nextRevision());
  }

  /** The node's flows are not followed any more, unless rules ask for it. */
  leaveHost(): void {
    this.tables.leaveHost(this.options.nextRevision());
  }

  /** Ends what the agent before has left, when all programs are of this one. */
  dropInherited(): void {
    this.ipcache.dropInherited();
    for (const endpoint of this.endpoints.values()) this.changes.writeEndpoint(endpoint);
    this.changes.bumpMembership();
  }

  /** Grows with every change that may concern a decision. */
  get version(): number {
    return this.changes.count;
  }

  /** Which half of groups and selector sets it writes with. */
  get generation(): GenerationNumber {
    return this.half.number;
  }

  /** The node's own addresses: whatever of it endpoints may talk to. */
  setNodeAddresses(addresses: readonly Prefix[]): void {
    const known = new Set(this.policy.peer(HOST)?.prefixes.map(formatPrefix));
    const isSame = known.size === addresses.length;
    if (isSame && addresses.every((each) => known.has(formatPrefix(each)))) return;
    this.change({ peers: new Map([[HOST, hostPeer(addresses)]]) });
  }

  /** Whether what is sent there comes to the node itself. */
  isNodeAddress(address: Address): boolean {
    const prefixes = this.policy.peer(HOST)?.prefixes ?? [];
    return prefixes.some((prefix) => prefixContains(prefix, address));
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

  /**
   * Gives an endpoint other labels, while its traffic goes on: its row changes hands when the rules
   * of the new labels are in force, and then every flow of it is decided anew.
   *
   * @throws PolicyRefusedError, NumbersExhaustedError; the old labels are in force then
   */
  relabelEndpoint(id: number, labels: EndpointFacts['labels']): KnownEndpoint {
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
      if (this.policy.peerAtAddress(prefix.address).key !== peerKey(id)) continue;
      const bits = this.ipcache.get(prefix)?.bits ?? [];
      this.ipcache.write(prefix, this.changes.occupantOf(peerKey(id)), bits);
    }
    this.changes.writeEndpoint(renewed);
    this.changes.bumpMembership();
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
    this.changes.bumpMembership();
    this.release(known);
  }

  /**
   * Adds or replaces documents.
   *
   * @param save is called when they are in force
   * @throws PolicyRefusedError when a subject's rules are too large, or what `save` throws; what
   *   was before is in force then
   */
  applyDocuments(documents: readonly PolicyDocument[], save: () => void = () => {}): void {
    this.changeDocuments(documents, documents.map(documentKey), save);
  }

  /** By `documentKey`; unknown ones are no error. @throws as `applyDocuments` */
  deleteDocuments(keys: readonly string[], save: () => void = () => {}): void {
    this.changeDocuments([], keys, save);
  }

  /**
   * The documents under some keys are these from now on, and the node is that.
   *
   * @throws as `applyDocuments`
   */
  changeDocuments(
    documents: readonly PolicyDocument[],
    keys: readonly string[],
    save: () => void,
    node = this.node,
  ): void {
    const former = this.node;
    const before = [...new Set(keys)].flatMap((key) => this.policy.document(key) ?? []);
    this.exchange(documents, keys, node);
    try {
      save();
    } catch (error) {
      this.exchange(before, keys, former);
      throw error;
    }
  }

  list(): KnownEndpoint[] {
    return [...this.endpoints.values()].sort((left, right) => left.id - right.id);
  }

  /** How many endpoints there are. */
  get size(): number {
    return this.endpoints.size;
  }

  endpoint(id: number): KnownEndpoint | undefined {
    return this.endpoints.get(id);
  }

  /** Whether a document is about this node, or would be, were it another. */
  isAboutNode(document: PolicyDocument, node = this.node): boolean {
    return isAboutNode(document, node);
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
    const endpoint = this.endpoints.get(endpointIdOf(facts.key ?? ''));
    const name = endpoint ? qualifiedName(endpoint) : (facts.key ?? formatAddress(address));
    if (facts.key === HOST) return { name, facts, subject: this.node };
    if (!endpoint) return { name, facts };
    return { name, facts, subject: subjectOf(endpoint) };
  }

  /** `namespace/name` of the local endpoint at an address, `host`, or `world`. */
  ownerOf(address: Address): string {
    const entry = this.ipcache.get(singlePrefix(address));
    const endpoint = entry && this.endpoints.get(entry.endpoint);
    if (endpoint) return qualifiedName(endpoint);
    return entry?.identity === ReservedIdentity.Host ? 'host' : 'world';
  }

  /** Rules that cannot be carried out: nothing passes, but for what keeps a node within reach. */
  private close(subject: number): void {
    const revision = this.options.nextRevision();
    if (subject !== HOST_SUBJECT) return this.tables.closeSubject(subject, revision);
    const table = closedButForSafePorts(this.policy.safePorts);
    this.tables.setSubject(subject, this.tables.compile(subject, table), revision);
  }

  /** Gives an endpoint its numbers. */
  private register(facts: EndpointFacts): KnownEndpoint {
    const { known, isNewSubject } = this.numbers.acquire(facts);
    // Until its rules are in force nothing passes: a number never used would let everything
    // through.
    if (isNewSubject) this.tables.closeSubject(known.subject, this.options.nextRevision());
    this.endpoints.set(facts.id, known);
    return known;
  }

  /** Gives an endpoint's numbers back; the rules of a subject without endpoints are closed. */
  private release(known: KnownEndpoint): void {
    if (!this.numbers.release(known)) return;
    this.change({ deletedSubjects: [subjectKeyOf(known)] });
    this.changes.forget(known.subject);
    this.tables.closeSubject(known.subject, this.options.nextRevision());
  }

  private exchange(documents: readonly PolicyDocument[], keys: readonly string[], node: Subject) {
    const subjects = node === this.node ? {} : { subjects: new Map([[HOST, node]]) };
    this.change({ documents, deletedDocuments: keys, ...subjects });
    this.subject = node;
  }

  /**
   * @param onSwapped is called when the new programs decide and nothing is granted yet
   * @throws PolicyRefusedError, TableFullError; the policy set is as it was then, and so is what is
   *   in force
   */
  private change(update: PolicyUpdate, onSwapped?: () => void): void {
    const before = replacedBy(this.policy, update);
    const changes = this.policy.update(update);
    const prepared = this.changes.prepare(changes);
    const { refused, noRoom } = prepared;
    if (refused.length === 0 && !noRoom) {
      this.changes.carryOut(changes, prepared, onSwapped);
      return;
    }
    this.policy.retract(changes.groupsAdded);
    const removed = this.policy.update(removalOf(update));
    const lost = this.changes.restore([changes, removed, this.policy.update(before)]);
    const causes = [...refused, ...lost].map(({ cause }) => cause);
    const subjects = refused.flatMap(({ subject }) => this.subjectsOf(subject));
    throw noRoom ?? new PolicyRefusedError(causes, filesAbout(subjects, update.documents));
  }

  /** The subjects of a number: endpoints with the same rules have one. */
  private subjectsOf(number: number): Subject[] {
    if (number === HOST_SUBJECT) return [this.node];
    return this.list().flatMap((each) => (each.subject === number ? [subjectOf(each)] : []));
  }
}
