/**
 * A generation: the half of the group bits and selector sets that one run of the agent writes with.
 *
 * A new agent does not know which bits mean what to the programs of the old one. So it takes the
 * other half: while it takes over, every address has the bits of both, and old and new programs
 * decide rightly side by side. When all programs are new, the old bits go.
 */
import { PEER_GROUPS_MAX, SELECTOR_SETS_MAX } from '@skep/contract';
import type { DecisionTable, DirectionTable, GroupId } from '@skep/policy';

/** Peer groups that one generation has room for. */
export const GROUPS_MAX = PEER_GROUPS_MAX / 2;
const SETS = SELECTOR_SETS_MAX / 2;

/** Rules that need more groups of peers than there are bits. */
export class GroupLimitError extends Error {
  readonly code = 'ERR_GROUP_LIMIT';
  constructor(readonly found: number) {
    super(
      `peer groups: ${found + 1} needed, expected at most ${GROUPS_MAX} ` +
        '(let rules of one port share a policy, or use fewer different peers)',
    );
  }
}

/** Which half: a new agent takes the one that the agent before did not have. */
export type GenerationNumber = 0 | 1;

/** Moves group numbers and selector sets of policy, which begin at 0, into this half. */
export class Generation {
  constructor(readonly number: GenerationNumber) {}

  /** First and last selector set of this half; set 0 is the empty one of both. */
  get sets(): { readonly first: number; readonly last: number } {
    const start = this.number * SETS;
    return { first: Math.max(1, start), last: start + SETS - 1 };
  }

  /** Bits of the selector sets that stand for groups; groups beyond the limit have none. */
  bitsOf(groups: readonly GroupId[]): number[] {
    const base = this.number * GROUPS_MAX;
    return groups.filter((group) => group < GROUPS_MAX).map((group) => group + base);
  }

  /** The table as its program is to test it. @throws GroupLimitError */
  tableOf(table: DecisionTable): DecisionTable {
    return { ingress: this.direction(table.ingress), egress: this.direction(table.egress) };
  }

  private direction(table: DirectionTable): DirectionTable {
    const segments = table.segments.map((segment) => ({
      ...segment,
      ...(segment.safeGroup === undefined ? {} : { safeGroup: this.bit(segment.safeGroup) }),
      ...(segment.allowGroup === undefined ? {} : { allowGroup: this.bit(segment.allowGroup) }),
      ...(segment.denyGroup === undefined ? {} : { denyGroup: this.bit(segment.denyGroup) }),
    }));
    return { ...table, segments };
  }

  private bit(group: GroupId): number {
    if (group >= GROUPS_MAX) throw new GroupLimitError(group);
    return group + this.number * GROUPS_MAX;
  }
}
