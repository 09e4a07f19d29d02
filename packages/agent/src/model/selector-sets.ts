/** Selector sets: each distinct list of group bits that some address has is one index. */
import type { DatapathTables } from '../tables/datapath-tables.ts';
import { Numbers } from './numbers.ts';

/** The set of peers that are in no group; it always exists. */
export const EMPTY_SELECTOR_SET = 0;

/** The selector sets in use; one that nobody holds any more is written anew by its next holder. */
export class SelectorSets {
  private readonly numbers: Numbers;

  constructor(
    private readonly tables: DatapathTables,
    private readonly range: { readonly first: number; readonly last: number },
  ) {
    this.numbers = new Numbers({ kind: 'selector set', ...range });
  }

  /** The index of a list of bits, ascending; written before anyone can point at it. */
  acquire(bits: readonly number[]): number {
    if (bits.length === 0) return EMPTY_SELECTOR_SET;
    const { number, isNew } = this.numbers.acquire(textOf(bits));
    if (isNew) this.tables.setSelectorSet(number, bits);
    return number;
  }

  /** How many are held, of how many that this half of the table has. */
  get use(): { readonly used: number; readonly capacity: number } {
    const { first, last } = this.range;
    return { used: this.numbers.size, capacity: last - first + 1 };
  }

  release(bits: readonly number[]): void {
    if (bits.length > 0) this.numbers.release(textOf(bits));
  }
}

function textOf(bits: readonly number[]): string {
  return bits.join(',');
}
