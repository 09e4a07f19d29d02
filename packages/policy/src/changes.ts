/**
 * What an update of the policy set asks the node to write, and in which order.
 *
 * 1. Write `before` of every peer and prefix, and enter new prefixes: this only restricts.
 * 2. Swap in the new tables of `subjects`.
 * 3. Write `after` of every peer and prefix, remove old prefixes: this only grants.
 * 4. Call `PolicySet.release(changes.groupsReleased)`: their bits may be used again.
 *
 * In between, a packet is allowed only where the old policy or the new one allows it; at no instant
 * does half of an update decide.
 */

import type { Prefix } from '@skep/wire';
import type { DecisionTable, GroupId } from './decision-table.ts';

/** New groups of a peer that was given to `PolicySet.setPeer`. */
export interface PeerChange {
  readonly key: string;
  /** Groups to write before the tables are swapped, ascending. */
  readonly before: readonly GroupId[];
  /** Groups to write after the tables were swapped, ascending; often equal to `before`. */
  readonly after: readonly GroupId[];
}

/** An ipcache entry that a prefix needs because some rule names it. */
export interface PrefixChange {
  readonly prefix: Prefix;
  /** `removed`: delete the entry in step 3; its addresses belong to the next wider prefix then. */
  readonly kind: 'added' | 'changed' | 'removed';
  readonly before: readonly GroupId[];
  readonly after: readonly GroupId[];
}

/** A subject whose decisions may differ from now on. */
export interface SubjectChange {
  readonly key: string;
  readonly table: DecisionTable;
}

/** Everything that one update changed. Empty lists: nothing to write. */
export interface PolicyChanges {
  /** Of the policy set after this update; conntrack compares it. */
  readonly revision: number;
  readonly peers: readonly PeerChange[];
  readonly prefixes: readonly PrefixChange[];
  /** Subjects whose table is another one now: new code is needed. */
  readonly subjects: readonly SubjectChange[];
  /**
   * Subjects whose decisions may differ though their table is the same, because the membership of a
   * group in it changed; together with `subjects`: whose flows have to be decided again.
   */
  readonly subjectsAffected: readonly string[];
  readonly groupsAdded: readonly GroupId[];
  readonly groupsReleased: readonly GroupId[];
}
