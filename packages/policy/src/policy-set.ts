/**
 * All that policy knows on a node: documents, the subjects they are about, and the peers. Each
 * update answers with the changes that it makes, and costs what it changes.
 */

import { type Address, type Prefix, parseAddress, singlePrefix } from '@skep/wire';
import { INIT_RULE_SET, LOCAL_HOST_RULE } from './built-in-rules.ts';
import { ChangeLog } from './change-log.ts';
import type { PolicyChanges, SubjectChange } from './changes.ts';
import { type Decision, decide, type Flow } from './decide.ts';
import type { DecisionTable, DirectionTable, GroupId } from './decision-table.ts';
import { GroupRegistry, UnionRegistry } from './groups.ts';
import { SelectorIndex, LabelIndex } from './label-indexes.ts';
import { Membership } from './membership.ts';
import {
  documentKey,
  type NamedPort,
  type Peer,
  type PolicyDocument,
  type Rule,
  type RuleSet,
  type Subject,
} from './model.ts';
import { type Place, placeKey } from './parts.ts';
import { type PeerFacts, portNameKey } from './peer-selectors.ts';
import { isSameDecision } from './port-plan.ts';
import { DEFAULT_SAFE_PORTS, type SafePort, safePortRuleSet } from './safe-ports.ts';
import { type Move, RuleSetEntry, SubjectClasses, SubjectEntry } from './subject-classes.ts';

/** Choices that hold for a whole policy set. */
export interface PolicySetOptions {
  /**
   * Whether the node may always reach its own endpoints, as the API of Kubernetes' NetworkPolicy
   * has it (probes come from there). A deny rule wins over this, too. `allowed` where absent.
   */
  readonly localHost?: 'allowed' | 'by-rules';
  /** What policies of nodes cannot close. Default: `DEFAULT_SAFE_PORTS`. */
  readonly safePorts?: readonly SafePort[];
}

/** Several changes that take effect together. */
export interface PolicyUpdate {
  /** To add; one with the same kind, namespace and name is replaced. */
  readonly documents?: readonly PolicyDocument[];
  /** `documentKey` of those to delete; unknown ones are no error. */
  readonly deletedDocuments?: readonly string[];
  /** By a key of the caller's choice; known ones are replaced. */
  readonly subjects?: ReadonlyMap<string, Subject>;
  readonly deletedSubjects?: readonly string[];
  /** By a key of the caller's choice; known ones are replaced. */
  readonly peers?: ReadonlyMap<string, Peer>;
  readonly deletedPeers?: readonly string[];
}

/** A key that no subject has. */
export class UnknownSubjectError extends Error {
  readonly code = 'ERR_UNKNOWN_SUBJECT';
  constructor(readonly key: string) {
    super(`policy subject '${key}': not found, expected a key given to setSubject`);
  }
}

interface StoredDocument {
  readonly document: PolicyDocument;
  readonly entries: readonly RuleSetEntry[];
}

/** See the head of this file. */
export class PolicySet {
  readonly safePorts: readonly SafePort[];
  readonly #log = new ChangeLog();
  readonly #membership = new Membership(this.#log);
  readonly #unions = new UnionRegistry(this.#membership);
  readonly #groups = new GroupRegistry(this.#membership);
  readonly #names = new Map<string, Map<number, number>>();
  readonly #classes: SubjectClasses;
  readonly #documents = new Map<string, StoredDocument>();
  readonly #ruleSets = new SelectorIndex<RuleSetEntry>();
  readonly #ruleSetsByName = new Map<string, Set<RuleSetEntry>>();
  readonly #subjects = new Map<string, SubjectEntry>();
  readonly #subjectsByLabels = new LabelIndex<SubjectEntry>();
  readonly #peers = new Map<string, { peer: Peer; places: readonly Place[] }>();
  readonly #implicit: readonly Rule[];
  #serial = 0;
  #revision = 0;

  constructor(options: PolicySetOptions = {}) {
    this.#implicit = options.localHost === 'by-rules' ? [] : [LOCAL_HOST_RULE];
    const stores = { membership: this.#membership, unions: this.#unions, groups: this.#groups };
    this.#classes = new SubjectClasses(stores, this.#names, this.#implicit);
    this.safePorts = options.safePorts ?? DEFAULT_SAFE_PORTS;
    for (const ruleSet of [INIT_RULE_SET, safePortRuleSet(this.safePorts)]) {
      this.#ruleSets.add(ruleSet.subject, new RuleSetEntry(ruleSet, this.#serial++));
    }
    this.#log.flush(this.#membership, new Set(), false);
  }

  /** Grows whenever some decision may have changed. */
  get revision(): number {
    return this.#revision;
  }

  /** Bits that a selector set needs: one more than the highest group. */
  get groupWidth(): number {
    return this.#groups.width;
  }

  /** Carries out an update as a whole. */
  update(update: PolicyUpdate): PolicyChanges {
    const moves = new Map<SubjectEntry, Move>();
    for (const key of update.deletedPeers ?? []) this.#deletePeer(key);
    for (const [key, peer] of update.peers ?? []) this.#setPeer(key, peer);
    for (const key of update.deletedDocuments ?? []) this.#deleteDocument(key, moves);
    for (const document of update.documents ?? []) this.#setDocument(document, moves);
    this.#classes.move(moves);
    for (const key of update.deletedSubjects ?? []) this.#deleteSubject(key);
    for (const [key, subject] of update.subjects ?? []) this.#setSubject(key, subject);
    return this.#finish();
  }

  /** Adds or replaces documents. */
  apply(documents: readonly PolicyDocument[]): PolicyChanges {
    return this.update({ documents });
  }

  /** Deletes documents by `documentKey`. */
  delete(keys: readonly string[]): PolicyChanges {
    return this.update({ deletedDocuments: keys });
  }

  /** Adds or replaces a subject. */
  setSubject(key: string, subject: Subject): PolicyChanges {
    return this.update({ subjects: new Map([[key, subject]]) });
  }

  /** Deletes a subject. */
  deleteSubject(key: string): PolicyChanges {
    return this.update({ deletedSubjects: [key] });
  }

  /** Adds or replaces a peer. */
  setPeer(key: string, peer: Peer): PolicyChanges {
    return this.update({ peers: new Map([[key, peer]]) });
  }

  /** Deletes a peer. */
  deletePeer(key: string): PolicyChanges {
    return this.update({ deletedPeers: [key] });
  }

  /** Gives bits back once no code tests them; see `PolicyChanges`. */
  release(groups: readonly GroupId[]): void {
    this.#groups.free(groups);
  }

  /**
   * Before an update is taken back that nobody has carried out: the groups that it has added are
   * free at once when their last user goes.
   */
  retract(groupsAdded: readonly GroupId[]): void {
    this.#groups.retract(new Set(groupsAdded));
  }

  /** The table of a subject, or undefined if there is none of this key. */
  table(subjectKey: string): DecisionTable | undefined {
    return this.#subjects.get(subjectKey)?.table;
  }

  /** Groups of a peer at one of its addresses (or of one without addresses), ascending. */
  groupsOfPeer(peerKey: string, prefix?: Prefix): GroupId[] {
    const place = this.#membership.place(placeKey(peerKey, prefix));
    return place ? groupIds(place) : [];
  }

  /** Groups of whatever an address belongs to, as a look-up in the ipcache finds them. */
  groupsOfAddress(address: Address | string): GroupId[] {
    const place = this.#placeOfAddress(address);
    return place ? groupIds(place) : [];
  }

  /** Who is seen at an address, for `decide`: a peer, or the world. */
  peerAtAddress(address: Address | string): PeerFacts & { key?: string | undefined } {
    const found = typeof address === 'string' ? parseAddress(address) : address;
    const prefix = singlePrefix(found);
    const place = this.#placeOfAddress(found)!;
    return { ...place.facts, prefix, key: place.peerKey };
  }

  /** Prefixes that need entries of their own in the ipcache, those of the whole world included. */
  prefixesInUse(): Prefix[] {
    return [...this.#membership.prefixPlaces()].map((place) => place.facts.prefix!);
  }

  /** Documents, in the order in which they came. */
  documents(): PolicyDocument[] {
    return [...this.#documents.values()].map(({ document }) => document);
  }

  /** The document of a `documentKey`. */
  document(key: string): PolicyDocument | undefined {
    return this.#documents.get(key)?.document;
  }

  /** A peer that was given to `setPeer`. */
  peer(key: string): Peer | undefined {
    return this.#peers.get(key)?.peer;
  }

  /** A subject that was given to `setSubject`. */
  subject(key: string): Subject | undefined {
    return this.#subjects.get(key)?.subject;
  }

  /** Rule sets whose subject this is, in the order in which their documents came. */
  ruleSetsOf(labels: Subject['labels']): RuleSet[] {
    return sortedRuleSets(this.#ruleSets.match(labels));
  }

  /**
   * Which rule decides about a flow of a subject, and why. A subject that is not in the set may be
   * given as such, to ask what would be.
   *
   * @throws UnknownSubjectError for a key that no subject has
   */
  decide(subject: Subject | string, flow: Flow): Decision {
    const known = typeof subject === 'string' ? this.#subjects.get(subject) : undefined;
    if (known) {
      const ruleSets = sortedRuleSets(known.subjectClass.ruleSets);
      return decide(ruleSets, this.#implicit, known.subject, flow);
    }
    if (typeof subject === 'string') throw new UnknownSubjectError(subject);
    return decide(this.ruleSetsOf(subject.labels), this.#implicit, subject, flow);
  }

  #placeOfAddress(address: Address | string): Place | undefined {
    const found = typeof address === 'string' ? parseAddress(address) : address;
    return this.#membership.placeOf({ address: found, length: found.bytes.length * 8 });
  }

  #finish(): PolicyChanges {
    const candidates = this.#classes.settle();
    const groupsAdded = new Set(this.#groups.added);
    const groupsReleased = [...this.#groups.released].map((group) => group.id);
    this.#groups.added.clear();
    this.#groups.released.clear();
    const subjects = [...candidates].flatMap(reportTable);
    const isCodeSwapped = subjects.length > 0;
    const { places, isMembershipChanged } = this.#log.flush(
      this.#membership,
      groupsAdded,
      isCodeSwapped,
    );
    if (isCodeSwapped || isMembershipChanged) this.#revision++;
    return {
      revision: this.#revision,
      places,
      subjects,
      isMembershipChanged,
      groupsAdded: [...groupsAdded].map((group) => group.id),
      groupsReleased,
    };
  }

  #setDocument(document: PolicyDocument, moves: Map<SubjectEntry, Move>): void {
    const key = documentKey(document);
    this.#deleteDocument(key, moves);
    const entries = document.ruleSets.map((ruleSet) => new RuleSetEntry(ruleSet, this.#serial++));
    this.#documents.set(key, { document, entries });
    for (const entry of entries) {
      this.#ruleSets.add(entry.ruleSet.subject, entry);
      for (const name of egressNames(entry)) {
        this.#ruleSetsByName.set(name, (this.#ruleSetsByName.get(name) ?? new Set()).add(entry));
      }
      for (const subject of this.#subjectsByLabels.find(entry.ruleSet.subject)) {
        moveOf(moves, subject).added.add(entry);
      }
    }
  }

  #deleteDocument(key: string, moves: Map<SubjectEntry, Move>): void {
    const stored = this.#documents.get(key);
    if (!stored) return;
    this.#documents.delete(key);
    for (const entry of stored.entries) {
      this.#ruleSets.delete(entry.ruleSet.subject, entry);
      for (const name of egressNames(entry)) this.#ruleSetsByName.get(name)?.delete(entry);
      for (const { subjects } of entry.classes) {
        for (const subject of subjects) moveOf(moves, subject).removed.add(entry);
      }
      // Added and deleted within one update: as if it had never been there.
      for (const move of moves.values()) {
        if (move.added.delete(entry)) move.removed.delete(entry);
      }
    }
  }

  #setSubject(key: string, subject: Subject): void {
    const known = this.#subjects.get(key);
    const entry = new SubjectEntry(key, subject);
    entry.table = known?.table;
    this.#subjects.set(key, entry);
    this.#subjectsByLabels.add(subject.labels, entry);
    // The new one enters before the old one leaves, so that a class that both belong to stays.
    this.#classes.enter(entry, this.#ruleSets.match(subject.labels));
    if (!known) return;
    this.#subjectsByLabels.delete(known);
    this.#classes.leave(known);
  }

  #deleteSubject(key: string): void {
    const known = this.#subjects.get(key);
    if (!known) return;
    this.#subjects.delete(key);
    this.#subjectsByLabels.delete(known);
    this.#classes.leave(known);
  }

  #setPeer(key: string, peer: Peer): void {
    this.#deletePeer(key);
    for (const named of peer.namedPorts ?? []) this.#countName(named, 1);
    const { labels, isManaged, namedPorts } = peer;
    const prefixes = peer.prefixes.length > 0 ? peer.prefixes : [undefined];
    const places = prefixes.map((prefix) =>
      this.#membership.addPlace({ labels, isManaged, namedPorts, prefix }, key),
    );
    this.#peers.set(key, { peer, places });
  }

  #deletePeer(key: string): void {
    const known = this.#peers.get(key);
    if (!known) return;
    this.#peers.delete(key);
    for (const named of known.peer.namedPorts ?? []) this.#countName(named, -1);
    for (const place of known.places) this.#membership.removePlace(place);
  }

  /** Rules about a name follow the numbers that peers give to it. */
  #countName(named: NamedPort, difference: 1 | -1): void {
    const name = portNameKey(named.name, named.protocol);
    const numbers = this.#names.get(name) ?? new Map<number, number>();
    const before = numbers.get(named.port) ?? 0;
    const after = before + difference;
    const isChange = before === 0 || after === 0;
    if (after === 0) numbers.delete(named.port);
    else numbers.set(named.port, after);
    this.#names.set(name, numbers);
    const entries = this.#ruleSetsByName.get(name);
    if (isChange && entries) this.#classes.renamePorts(entries, named, difference);
  }
}

/** The change of a subject's table, if it is another one than was told before. */
function reportTable(entry: SubjectEntry): SubjectChange[] {
  const { ingress, egress } = entry.subjectClass.plans;
  const table = { ingress: ingress.table, egress: egress.table };
  const known = entry.table;
  entry.table = table;
  const isSame =
    known && isSameTable(known.ingress, table.ingress) && isSameTable(known.egress, table.egress);
  return isSame ? [] : [{ key: entry.key, table }];
}

function isSameTable(left: DirectionTable, right: DirectionTable): boolean {
  if (left === right) return true;
  if (left.isEnforced !== right.isEnforced) return false;
  if (left.segments.length !== right.segments.length) return false;
  return left.segments.every((one, index) => {
    const other = right.segments[index]!;
    const isSamePlace =
      one.protocol === other.protocol && one.first === other.first && one.last === other.last;
    return isSamePlace && isSameDecision(one, other);
  });
}

function sortedRuleSets(entries: ReadonlySet<RuleSetEntry>): RuleSet[] {
  return [...entries].sort((a, b) => a.serial - b.serial).map(({ ruleSet }) => ruleSet);
}

function moveOf(moves: Map<SubjectEntry, Move>, subject: SubjectEntry): Move {
  const move = moves.get(subject) ?? { added: new Set(), removed: new Set() };
  moves.set(subject, move);
  return move;
}

function egressNames({ ruleSet }: RuleSetEntry): Set<string> {
  const names = new Set<string>();
  for (const { direction, ports } of ruleSet.rules) {
    if (direction !== 'egress') continue;
    for (const port of ports) {
      if (port.kind === 'name') names.add(portNameKey(port.name, port.protocol));
    }
  }
  return names;
}

function groupIds(place: Place): GroupId[] {
  return [...place.groups.keys()].map((group) => group.id).sort((a, b) => a - b);
}
