/**
 * Unions of selectors, and groups of unions.
 *
 * A *union* holds the peers of all rules of one subject that share direction, action and ports.
 * Subjects with equal unions share one. A *group* is what one port segment tests: one bit, the
 * union of the unions whose ports cover the segment. When rules change, a union is edited in place
 * where all its users change alike, so that one more rule costs one more member, not a new group.
 */

import type { GroupId } from './decision-table.ts';
import type { Membership } from './membership.ts';
import type { RuleAction } from './model.ts';
import { Group, type Member, PeerUnion, type Slot } from './parts.ts';

/** How often each member is added to a union, or taken from it. */
export type UnionEdit = Map<Member, number>;

/** All unions in use. */
export class UnionRegistry {
  readonly #membership: Membership;
  readonly #byHash = new Map<string, Set<PeerUnion>>();
  readonly #unused = new Set<PeerUnion>();
  #serial = 1;

  /** What a slot starts with; never edited. */
  readonly empty = new PeerUnion(0);

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /**
   * Applies edits to the unions of slots.
   *
   * @returns the slots that now have another union, or whose union became or ceased to be `all`.
   */
  apply(edits: ReadonlyMap<Slot, UnionEdit>): Set<Slot> {
    const changed = new Set<Slot>();
    for (const { union, edit, slots } of bundleEdits(edits)) {
      const hash = hashAfter(union, edit);
      const known = this.#find(hash, union, edit);
      if (known === union) continue;
      if (!known && union !== this.empty && slots.length === union.slots.size) {
        const wasAll = union.isAll;
        this.#edit(union, edit);
        if (wasAll !== union.isAll) for (const slot of slots) changed.add(slot);
        continue;
      }
      const target = known ?? this.#derive(union, edit);
      for (const slot of slots) {
        this.point(slot, target);
        changed.add(slot);
      }
    }
    return changed;
  }

  /** Gives a slot another union. */
  point(slot: Slot, union: PeerUnion): void {
    slot.union.slots.delete(slot);
    if (slot.union.slots.size === 0) this.#unused.add(slot.union);
    slot.union = union;
    union.slots.add(slot);
  }

  /** Drops the unions that no slot has any more, and members that are in no union. */
  sweep(touched: Iterable<Member>): void {
    const members = new Set(touched);
    for (const union of this.#unused) {
      if (union.slots.size > 0 || union === this.empty) continue;
      this.#unfile(union);
      for (const member of union.members.keys()) {
        this.#membership.memberLeavesUnion(member, union);
        members.add(member);
      }
    }
    this.#unused.clear();
    for (const member of members) this.#membership.forget(member);
  }

  /** A union with the contents that `union` has after the edit. */
  #find(hash: readonly [number, number], union: PeerUnion, edit: UnionEdit): PeerUnion | undefined {
    if (isEmptyAfter(union, edit)) return this.empty;
    for (const candidate of this.#byHash.get(hash.join()) ?? []) {
      if (isEqualAfter(candidate, union, edit)) return candidate;
    }
    return undefined;
  }

  #derive(union: PeerUnion, edit: UnionEdit): PeerUnion {
    const derived = new PeerUnion(this.#serial++);
    for (const [member, count] of union.members) {
      derived.members.set(member, count);
      this.#membership.memberJoinsUnion(member, derived);
    }
    derived.hash = union.hash;
    derived.allCount = union.allCount;
    this.#file(derived);
    this.#edit(derived, edit);
    return derived;
  }

  #edit(union: PeerUnion, edit: UnionEdit): void {
    this.#unfile(union);
    union.hash = hashAfter(union, edit);
    for (const [member, difference] of edit) {
      const before = union.members.get(member) ?? 0;
      const after = before + difference;
      if (after === 0) union.members.delete(member);
      else union.members.set(member, after);
      if (member.selector.kind === 'all') union.allCount = after;
      if (before === 0 && after > 0) this.#membership.memberJoinsUnion(member, union);
      if (before > 0 && after === 0) this.#membership.memberLeavesUnion(member, union);
    }
    this.#file(union);
  }

  #file(union: PeerUnion): void {
    const key = union.hash.join();
    this.#byHash.set(key, (this.#byHash.get(key) ?? new Set()).add(union));
  }

  #unfile(union: PeerUnion): void {
    const key = union.hash.join();
    const unions = this.#byHash.get(key);
    unions?.delete(union);
    if (unions?.size === 0) this.#byHash.delete(key);
  }
}

/** Groups in use and the numbers of their bits. */
export class GroupRegistry {
  readonly #membership: Membership;
  readonly #groups = new Map<string, Group>();
  /** When sorted, the lowest one is last: who needs few bits gets low ones. */
  readonly #free: GroupId[] = [];
  #isSorted = true;
  #next = 0;
  readonly added = new Set<Group>();
  readonly released = new Set<Group>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** How many bits a selector set needs now. */
  get width(): number {
    this.#sort();
    return this.#next;
  }

  /** The group of these unions, none of which is `all`; one more user of it. */
  acquire(action: RuleAction, unions: readonly PeerUnion[]): Group {
    const sorted = [...unions].sort((a, b) => a.serial - b.serial);
    const key = `${action} ${sorted.map((union) => union.serial).join()}`;
    const group = this.#groups.get(key) ?? this.#create(action, sorted, key);
    group.users++;
    return group;
  }

  /** One user less; the last one ends the group, but its bit stays taken until `free`. */
  release(group: Group): void {
    group.users--;
    if (group.users > 0) return;
    this.#groups.delete(group.key);
    for (const union of group.unions) {
      union.groups.delete(group);
      for (const member of union.members.keys()) this.#membership.countMember(member, group, -1);
    }
    group.isReleased = true;
    // Nobody has heard of a group that came and went within one update.
    if (this.added.delete(group)) this.free([group.id]);
    else this.released.add(group);
  }

  /** Bits that no code tests any more. */
  free(ids: Iterable<GroupId>): void {
    for (const id of ids) this.#free.push(id);
    this.#isSorted = false;
  }

  /** Nobody has heard of these: what added them was refused. */
  retract(ids: ReadonlySet<GroupId>): void {
    for (const group of this.#groups.values()) if (ids.has(group.id)) this.added.add(group);
  }

  /** One user more of a group that is in use. */
  share(group: Group): Group {
    group.users++;
    return group;
  }

  /** Free bits above all that are taken are not counted any more. */
  #sort(): void {
    if (this.#isSorted) return;
    this.#isSorted = true;
    this.#free.sort((left, right) => right - left);
    let above = 0;
    while (this.#free[above] === this.#next - 1) {
      this.#next--;
      above++;
    }
    this.#free.splice(0, above);
  }

  #create(action: RuleAction, unions: readonly PeerUnion[], key: string): Group {
    this.#sort();
    const group = new Group(this.#free.pop() ?? this.#next++, action, unions, key);
    this.#groups.set(key, group);
    this.added.add(group);
    for (const union of unions) {
      union.groups.add(group);
      for (const member of union.members.keys()) this.#membership.countMember(member, group, 1);
    }
    return group;
  }
}

/** Edits that do the same to the same union, together. */
function bundleEdits(
  edits: ReadonlyMap<Slot, UnionEdit>,
): Iterable<{ union: PeerUnion; edit: UnionEdit; slots: Slot[] }> {
  const bundles = new Map<string, { union: PeerUnion; edit: UnionEdit; slots: Slot[] }>();
  for (const [slot, edit] of edits) {
    for (const [member, difference] of edit) if (difference === 0) edit.delete(member);
    if (edit.size === 0) continue;
    const text = [...edit]
      .map(([member, difference]) => `${member.serial}*${difference}`)
      .sort()
      .join();
    const key = `${slot.union.serial} ${text}`;
    const bundle = bundles.get(key) ?? { union: slot.union, edit, slots: [] };
    bundle.slots.push(slot);
    bundles.set(key, bundle);
  }
  return bundles.values();
}

function hashAfter(union: PeerUnion, edit: UnionEdit): readonly [number, number] {
  let [low, high] = union.hash;
  for (const [member, difference] of edit) {
    low = (low + Math.imul(mix(member.serial, 0x9e3779b1), difference)) >>> 0;
    high = (high + Math.imul(mix(member.serial, 0x85ebca77), difference)) >>> 0;
  }
  return [low, high];
}

/** Spreads a counter over 32 bits; equality is checked apart, so that it need not be strong. */
function mix(value: number, salt: number): number {
  let mixed = Math.imul(value + 1, salt);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return mixed ^ (mixed >>> 15);
}

function isEmptyAfter(union: PeerUnion, edit: UnionEdit): boolean {
  if (edit.size < union.members.size) return false;
  const members = new Set([...union.members.keys(), ...edit.keys()]);
  return [...members].every(
    (member) => (union.members.get(member) ?? 0) + (edit.get(member) ?? 0) === 0,
  );
}

function isEqualAfter(candidate: PeerUnion, union: PeerUnion, edit: UnionEdit): boolean {
  for (const member of new Set([...union.members.keys(), ...edit.keys()])) {
    const wanted = (union.members.get(member) ?? 0) + (edit.get(member) ?? 0);
    if (wanted !== (candidate.members.get(member) ?? 0)) return false;
  }
  for (const member of candidate.members.keys()) {
    if (!union.members.has(member) && !edit.has(member)) return false;
  }
  return true;
}
