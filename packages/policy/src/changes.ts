/**
 * What an update of the policy set asks the node to write, and in which order.
 *
 * 1. Write `before` of every place, also of those that will be removed: this only restricts.
 * 2. Swap in the new tables of `subjects`.
 * 3. Write `after` of every place, delete the places that were removed: this only grants.
 * 4. Call `PolicySet.release(changes.groupsReleased)`: their bits may be used again.
 *
 * In between, a packet is allowed only where the old policy or the new one allows it; at no instant
 * does half of an update decide. Where `before` equals `after`, one write is enough; so it is for
 * every place if `subjects` is empty.
 */

import type { Prefix } from '@skep/wire';
import type { DecisionTable, GroupId } from './decision-table.ts';

/** A place is an entry of the ipcache: an address of a peer, or a prefix that a rule names. */
export interface PlaceChange {
  /** Absent for a peer without addresses (known by its labels only). */
  readonly prefix?: Prefix | undefined;
  /** The peer whose address it is; absent for the world outside. */
  readonly peerKey?: string | undefined;
  /** `removed`: delete the entry in step 3; its addresses belong to the next wider place then. */
  readonly kind: 'added' | 'changed' | 'removed';
  /** Groups to write before the tables are swapped, ascending. */
  readonly before: readonly GroupId[];
  /** Groups to write after the tables were swapped, ascending; empty where it was removed. */
  readonly after: readonly GroupId[];
}

/** A subject whose table is another one now. */
export interface SubjectChange {
  readonly key: string;
  readonly table: DecisionTable;
}

/** Everything that one update changed. Empty lists: nothing to write. */
export interface PolicyChanges {
  /** Of the policy set after this update. It grows whenever some decision may have changed. */
  readonly revision: number;
  readonly places: readonly PlaceChange[];
  /** Subjects that need new code. A new subject is always among them. */
  readonly subjects: readonly SubjectChange[];
  /** Whether groups of a place that existed before changed: established flows may be affected. */
  readonly isMembershipChanged: boolean;
  readonly groupsAdded: readonly GroupId[];
  readonly groupsReleased: readonly GroupId[];
}
