/**
 * Which places match which selectors, kept up to date as either comes and goes.
 *
 * A *place* is an entry of the ipcache: an address of a peer, or a prefix that a rule names. A
 * *member* is a selector that some group is made of. Each change costs what it matches, however
 * many places and members there are beside it.
 */

import { ReservedIdentity } from '@skep/contract';
import { type Prefix, parsePrefix } from '@skep/wire';
import { reservedIdentityLabels } from './identities.ts';
import { LabelIndex, SelectorIndex } from './label-indexes.ts';
import { HOST_LABEL, hasLabelKey } from './labels.ts';
import { type Group, Member, type PeerUnion, Place } from './parts.ts';
import {
  type MemberSelector,
  memberKey,
  memberMatches,
  type NamedPortSelector,
  namedPortKey,
  type PeerFacts,
} from './peer-selectors.ts';
import { prefixKey } from './prefixes.ts';
import { PrefixTree } from './prefix-tree.ts';

/** Who is told about what changes, in order to report it. */
export interface MembershipObserver {
  /** Before the groups of a place change. */
  placeChanges(place: Place): void;
  /** A place came; `parent` is the one whose groups its addresses had before. */
  placeAdded(place: Place, parent: Place | undefined): void;
  placeRemoved(place: Place): void;
}

/** The two prefixes that everything outside belongs to; their places are always there. */
const WORLD_PREFIXES = [parsePrefix('0.0.0.0/0'), parsePrefix('::/0')];

/** See the head of this file. */
export class Membership {
  readonly #observer: MembershipObserver;
  readonly #places = new Map<string, Place>();
  readonly #placesByLabels = new LabelIndex<Place>();
  readonly #placesByPrefix = new PrefixTree<Place>();
  readonly #prefixPlaces = new Map<string, { place: Place; users: number }>();
  readonly #members = new Map<string, Member>();
  readonly #labelMembers = new SelectorIndex<Member>();
  readonly #prefixMembers = new PrefixTree<Member>();
  readonly #entityMembers = new Set<Member>();
  readonly #namedMembers = new Map<string, Set<Member>>();
  #serial = 0;

  constructor(observer: MembershipObserver) {
    this.#observer = observer;
    for (const prefix of WORLD_PREFIXES) this.#needPrefix(prefix);
  }

  /** The place with this key, if it is there. */
  place(key: string): Place | undefined {
    return this.#places.get(key);
  }

  /** Places that stand for prefixes in use, not for peers. */
  *prefixPlaces(): Generator<Place> {
    for (const { place } of this.#prefixPlaces.values()) yield place;
  }

  /**
   * The place to which an address belongs: the one with the longest prefix around it; of equal ones
   * the node's own, then another peer's.
   */
  placeOf(prefix: Prefix): Place | undefined {
    return longest(this.#placesByPrefix.covering(prefix), () => true);
  }

  /** Enters a place of a peer; its groups follow from the members that match it. */
  addPlace(facts: PeerFacts, peerKey: string): Place {
    const place = this.#enter(new Place(facts, peerKey, false));
    if (facts.prefix) this.#settleWithin(facts.prefix);
    return place;
  }

  /** Removes a place of a peer. */
  removePlace(place: Place): void {
    this.#exit(place);
    if (place.facts.prefix) this.#settleWithin(place.facts.prefix);
  }

  #enter(place: Place): Place {
    const { facts } = place;
    const parent = facts.prefix && this.placeOf(facts.prefix);
    this.#observer.placeAdded(place, parent);
    this.#places.set(place.key, place);
    this.#placesByLabels.add(facts.labels, place);
    if (facts.prefix) this.#placesByPrefix.add(facts.prefix, place);
    for (const member of this.#membersMatching(facts)) this.#join(member, place);
    return place;
  }

  #exit(place: Place): void {
    for (const member of [...place.members]) this.#leave(member, place);
    this.#places.delete(place.key);
    this.#placesByLabels.delete(place);
    if (place.facts.prefix) this.#placesByPrefix.delete(place.facts.prefix, place);
    this.#observer.placeRemoved(place);
  }

  /** The member of a selector; made if there is none. */
  intern(selector: MemberSelector): Member {
    const key = memberKey(selector);
    const known = this.#members.get(key);
    if (known) return known;
    const member = new Member(selector, key, this.#serial++);
    this.#members.set(key, member);
    for (const prefix of prefixesOf(selector)) this.#needPrefix(prefix);
    for (const place of this.#placesMatching(selector)) this.#join(member, place);
    this.#file(member, true);
    return member;
  }

  /** Forgets a member that is in no union any more. */
  forget(member: Member): void {
    if (member.unions.size > 0 || !this.#members.delete(member.key)) return;
    this.#file(member, false);
    for (const place of [...member.places]) this.#leave(member, place);
    for (const prefix of prefixesOf(member.selector)) this.#dropPrefix(prefix);
  }

  /** A union takes a member in, or gives it up: so do its groups. */
  memberJoinsUnion(member: Member, union: PeerUnion): void {
    member.unions.add(union);
    for (const group of union.groups) this.countMember(member, group, 1);
  }

  /** See `memberJoinsUnion`. */
  memberLeavesUnion(member: Member, union: PeerUnion): void {
    member.unions.delete(union);
    for (const group of union.groups) this.countMember(member, group, -1);
  }

  /** Adds to the count of a group at every place of a member. */
  countMember(member: Member, group: Group, difference: 1 | -1): void {
    for (const place of member.places) this.#count(place, group, difference);
  }

  #join(member: Member, place: Place): void {
    member.places.add(place);
    place.members.add(member);
    for (const union of member.unions) {
      for (const group of union.groups) this.#count(place, group, 1);
    }
  }

  #leave(member: Member, place: Place): void {
    member.places.delete(place);
    place.members.delete(member);
    for (const union of member.unions) {
      for (const group of union.groups) this.#count(place, group, -1);
    }
  }

  #count(place: Place, group: Group, difference: 1 | -1): void {
    const before = place.groups.get(group) ?? 0;
    const after = before + difference;
    if (before === 0 || after === 0) this.#observer.placeChanges(place);
    if (after === 0) place.groups.delete(group);
    else place.groups.set(group, after);
  }

  #needPrefix(prefix: Prefix): void {
    const key = prefixKey(prefix);
    const known = this.#prefixPlaces.get(key);
    if (known) {
      known.users++;
      return;
    }
    this.#prefixPlaces.set(key, { place: this.#enterPrefix(prefix), users: 1 });
  }

  /** Of a peer whose prefix is wider, if there is one, else of the world. */
  #enterPrefix(prefix: Prefix): Place {
    const owner = this.#ownerOf(prefix);
    const { WorldIpv4, WorldIpv6 } = ReservedIdentity;
    const world = prefix.address.family === 4 ? WorldIpv4 : WorldIpv6;
    const facts = owner?.facts ?? { labels: reservedIdentityLabels(world), isManaged: false };
    return this.#enter(new Place({ ...facts, prefix }, owner?.peerKey, true));
  }

  /**
   * The peer with the narrowest prefix around one that rules name; none where that peer has the
   * very prefix, for its own place then goes before.
   */
  #ownerOf(prefix: Prefix): Place | undefined {
    const found = longest(this.#placesByPrefix.covering(prefix), (place) => !place.isOfRules);
    return found?.facts.prefix?.length === prefix.length ? undefined : found;
  }

  /** After a peer has come or gone: what rules name within its prefix is whose it is now. */
  #settleWithin(prefix: Prefix): void {
    for (const place of [...this.#placesByPrefix.within(prefix)]) {
      if (!place.isOfRules) continue;
      const inner = place.facts.prefix!;
      if (this.#ownerOf(inner)?.peerKey === place.peerKey) continue;
      this.#exit(place);
      this.#prefixPlaces.get(prefixKey(inner))!.place = this.#enterPrefix(inner);
    }
  }

  #dropPrefix(prefix: Prefix): void {
    const key = prefixKey(prefix);
    const known = this.#prefixPlaces.get(key)!;
    known.users--;
    if (known.users > 0) return;
    this.#prefixPlaces.delete(key);
    this.#exit(known.place);
  }

  *#membersMatching(facts: PeerFacts): Generator<Member> {
    yield* this.#labelMembers.match(facts.labels);
    for (const member of this.#entityMembers) {
      if (memberMatches(member.selector, facts)) yield member;
    }
    if (facts.prefix) {
      for (const member of this.#prefixMembers.covering(facts.prefix)) {
        if (memberMatches(member.selector, facts)) yield member;
      }
    }
    for (const key of new Set((facts.namedPorts ?? []).map(namedPortKey))) {
      for (const member of this.#namedMembers.get(key) ?? []) {
        if (memberMatches(member.selector, facts)) yield member;
      }
    }
  }

  #placesMatching(selector: MemberSelector): Place[] {
    if (selector.kind === 'all') return [];
    if (selector.kind === 'labels') return this.#placesByLabels.find(selector.selector);
    const candidates =
      selector.kind === 'prefix'
        ? this.#placesByPrefix.within(selector.prefix)
        : this.#placesByLabels.all();
    return [...candidates].filter((place) => memberMatches(selector, place.facts));
  }

  /** Enters a member into the index of its kind, or takes it out. */
  #file(member: Member, isNew: boolean): void {
    const { selector } = member;
    const verb = isNew ? 'add' : 'delete';
    if (selector.kind === 'labels') this.#labelMembers[verb](selector.selector, member);
    else if (selector.kind === 'prefix') this.#prefixMembers[verb](selector.prefix, member);
    else if (selector.kind === 'entity') this.#entityMembers[verb](member);
    else if (selector.kind === 'named-port') this.#fileNamed(selector, member, verb);
  }

  #fileNamed(selector: NamedPortSelector, member: Member, verb: 'add' | 'delete'): void {
    const key = namedPortKey(selector.port);
    const members = this.#namedMembers.get(key) ?? new Set<Member>();
    members[verb](member);
    if (members.size > 0) this.#namedMembers.set(key, members);
    else this.#namedMembers.delete(key);
  }
}

/** The place with the longest prefix; of equal ones the one with the highest rank. */
function longest(places: Iterable<Place>, isWanted: (place: Place) => boolean): Place | undefined {
  let found: Place | undefined;
  for (const place of places) {
    if (!isWanted(place)) continue;
    const longer = found ? place.facts.prefix!.length - found.facts.prefix!.length : 1;
    if (longer > 0 || (longer === 0 && rankOf(place) >= rankOf(found!))) found = place;
  }
  return found;
}

/** Who has a prefix that several have. */
function rankOf({ facts, isOfRules }: Place): number {
  if (isOfRules) return 0;
  if (hasLabelKey(facts.labels, HOST_LABEL.source, HOST_LABEL.key)) return 2;
  return 1;
}

/** Prefixes that need places of their own, so that no place lies across the selector's border. */
function prefixesOf(selector: MemberSelector): readonly Prefix[] {
  return selector.kind === 'prefix' ? [selector.prefix, ...selector.except] : [];
}
