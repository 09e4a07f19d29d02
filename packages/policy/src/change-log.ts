/** Collects what an update does to places, and tells it in the order that is safe to write. */

import type { PlaceChange } from './changes.ts';
import type { GroupId } from './decision-table.ts';
import type { Membership, MembershipObserver } from './membership.ts';
import type { Group, Place } from './parts.ts';

interface Touched {
  readonly place: Place;
  /** Groups that its addresses had before the update. */
  readonly old: ReadonlySet<Group>;
  readonly isNew: boolean;
}

/** See the head of this file. */
export class ChangeLog implements MembershipObserver {
  readonly #touched = new Map<string, Touched>();

  placeChanges(place: Place): void {
    if (this.#touched.has(place.key)) return;
    this.#touched.set(place.key, { place, old: new Set(place.groups.keys()), isNew: false });
  }

  placeAdded(place: Place, parent: Place | undefined): void {
    if (this.#touched.has(place.key)) return;
    const old = parent ? this.#oldGroups(parent) : new Set<Group>();
    this.#touched.set(place.key, { place, old, isNew: true });
  }

  placeRemoved(place: Place): void {
    this.placeChanges(place);
  }

  /**
   * Ends the update; @returns its changes of places, and whether any is of addresses that had
   * groups before. Where no code is swapped, each place goes from the old policy to the new one by
   * itself, in one write.
   */
  flush(
    membership: Membership,
    addedGroups: ReadonlySet<Group>,
    isCodeSwapped: boolean,
  ): { readonly places: PlaceChange[]; readonly isMembershipChanged: boolean } {
    const places: PlaceChange[] = [];
    let isMembershipChanged = false;
    const before: BeforeRule = isCodeSwapped
      ? (old, now) => restricted(old, now, addedGroups)
      : (_, now) => sortedIds(now);
    for (const touched of this.#touched.values()) {
      const change = describe(touched, membership, before);
      if (!change) continue;
      places.push(change);
      isMembershipChanged ||= !touched.isNew || touched.place.isOfRules;
    }
    this.#touched.clear();
    return { places, isMembershipChanged };
  }

  #oldGroups(place: Place): ReadonlySet<Group> {
    return this.#touched.get(place.key)?.old ?? new Set(place.groups.keys());
  }
}

/** What a place has between its old and its new groups. */
type BeforeRule = (old: ReadonlySet<Group>, now: ReadonlySet<Group>) => GroupId[];

function describe(
  { place, old, isNew }: Touched,
  membership: Membership,
  beforeOf: BeforeRule,
): PlaceChange | undefined {
  const now = membership.place(place.key);
  const { prefix } = place.facts;
  const holder = prefix && membership.placeOf(prefix);
  const isHeldByAnother = holder && holder !== now && holder.facts.prefix!.length === prefix.length;
  if (!now) {
    if (isNew) return undefined;
    if (isHeldByAnother) {
      // The entry stays, but it is another's now: write what that one has.
      const after = sortedIds(holder.groups.keys());
      return { prefix, peerKey: holder.peerKey, kind: 'added', before: after, after };
    }
    const inherited = new Set(holder?.groups.keys());
    const before = beforeOf(old, inherited);
    return { prefix, peerKey: place.peerKey, kind: 'removed', before, after: [] };
  }
  if (isHeldByAnother) return undefined;
  const { peerKey } = now;
  const after = sortedIds(now.groups.keys());
  const before = beforeOf(old, new Set(now.groups.keys()));
  if (isNew) return { prefix, peerKey, kind: 'added', before, after };
  const isSame = after.join() === sortedIds(old).join() && before.join() === after.join();
  return isSame && peerKey === place.peerKey
    ? undefined
    : { prefix, peerKey, kind: 'changed', before, after };
}

/**
 * Groups that keep old code from allowing what the old policy did not, and new code from allowing
 * what the new one does not. Old code tests old groups only, new code new ones; a group that both
 * test allows only whom both allow, and denies whom either denies.
 */
function restricted(
  old: ReadonlySet<Group>,
  now: ReadonlySet<Group>,
  addedGroups: ReadonlySet<Group>,
): GroupId[] {
  const groups = [...new Set([...old, ...now])].filter((group) => {
    if (addedGroups.has(group)) return now.has(group);
    if (group.isReleased) return old.has(group);
    return group.action === 'deny' || (old.has(group) && now.has(group));
  });
  return sortedIds(groups);
}

function sortedIds(groups: Iterable<Group>): GroupId[] {
  return [...groups].map((group) => group.id).sort((a, b) => a - b);
}
