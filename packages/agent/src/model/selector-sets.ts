/** Selector sets: each distinct list of groups that some address is in has one index. */
import { SELECTOR_SETS_MAX } from '@skep/contract';
import type { GroupId } from '@skep/policy';
import type { DatapathTables } from '../tables/datapath-tables.ts';
import { Numbers } from './numbers.ts';

/** The set of peers that are in no group; it always exists. */
export const EMPTY_SELECTOR_SET = 0;

export class SelectorSets {
  private readonly numbers = new Numbers('selector set', 1, SELECTOR_SETS_MAX - 1);

  constructor(private readonly tables: DatapathTables) {}

  /** The index of a list of groups, ascending; written before anyone can point at it. */
  acquire(groups: readonly GroupId[]): number {
    if (groups.length === 0) return EMPTY_SELECTOR_SET;
    const { number, isNew } = this.numbers.acquire(textOf(groups));
    if (isNew) this.tables.setSelectorSet(number, groups);
    return number;
  }

  release(groups: readonly GroupId[]): void {
    if (groups.length > 0) this.numbers.release(textOf(groups));
  }
}

function textOf(groups: readonly GroupId[]): string {
  return groups.join(',');
}
