/**
 * What policy is made of inside: places match members, members are in unions, unions fill slots and
 * make up groups. Each of these knows its neighbours, so that a change finds what it is about.
 *
 * ```
 * Place <-> Member <-> PeerUnion <-> Slot (of a port plan)
 *   \-------- Group ------/
 * ```
 */

import type { Prefix } from '@skep/wire';
import type { GroupId, PolicyProtocol } from './decision-table.ts';
import type { RuleAction } from './model.ts';
import type { MemberSelector, PeerFacts } from './peer-selectors.ts';
import { prefixKey } from './prefixes.ts';

/** An entry of the ipcache. */
export class Place {
  readonly members = new Set<Member>();
  /** How many times each group takes this place in: once for each member and union of it. */
  readonly groups = new Map<Group, number>();

  readonly key: string;

  constructor(
    readonly facts: PeerFacts,
    /** Key of the peer whose it is; undefined for the world. */
    readonly peerKey: string | undefined,
    /** Whether it is here because rules speak of its prefix, not because the peer has it. */
    readonly isOfRules: boolean,
  ) {
    this.key = placeKey(isOfRules ? undefined : peerKey, facts.prefix);
  }
}

/** Names a place for as long as the peer has the address, or rules name the prefix. */
export function placeKey(peerKey: string | undefined, prefix: Prefix | undefined): string {
  const text = prefix ? prefixKey(prefix) : 'no address';
  return peerKey === undefined ? `prefix ${text}` : `peer ${text} ${peerKey}`;
}

/** A selector that groups are made of. */
export class Member {
  readonly places = new Set<Place>();
  readonly unions = new Set<PeerUnion>();

  constructor(
    readonly selector: MemberSelector,
    readonly key: string,
    /** Counts the members ever made; part of the unions' hashes. */
    readonly serial: number,
  ) {}
}

/** Selectors with the number of times that rules name each. */
export class PeerUnion {
  readonly members = new Map<Member, number>();
  readonly slots = new Set<Slot>();
  readonly groups = new Set<Group>();
  /** Sum over the members; equal members, equal sums. */
  hash: readonly [number, number] = [0, 0];
  allCount = 0;

  constructor(readonly serial: number) {}

  /** Whether every peer is in it; then no group is needed. */
  get isAll(): boolean {
    return this.allCount > 0;
  }
}

/** One bit. */
export class Group {
  users = 0;
  isReleased = false;

  constructor(
    readonly id: GroupId,
    readonly action: RuleAction,
    readonly unions: readonly PeerUnion[],
    readonly key: string,
  ) {}
}

/** Which traffic a slot is about; `any` is every protocol and port. */
export interface PortRange {
  readonly protocol: PolicyProtocol | 'any';
  readonly first: number;
  readonly last: number;
}

/** Who cuts ports into cells by slots, and wants to know of their unions. */
export interface SlotOwner {
  /** Call when a slot's union is another one, or became or ceased to be `all`. */
  slotChanged(slot: Slot): void;
}

/** The peers that rules of one action name for one range of ports. */
export interface Slot {
  readonly plan: SlotOwner;
  readonly key: string;
  readonly range: PortRange;
  readonly action: RuleAction;
  union: PeerUnion;
}
