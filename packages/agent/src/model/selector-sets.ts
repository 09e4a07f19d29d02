/** Selector sets: each distinct list of group bits that some address has is one index. */
import { selectorSets } from '@skep/datapath';
import type { DatapathTables } from '../tables/datapath-tables.ts';
import { Numbers, NumbersExhaustedError } from './numbers.ts';
import { TableFullError } from './table-full-error.ts';

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

  /**
   * Makes all of these lists, so that they can be acquired until the function is called that this
   * gives back.
   *
   * @throws TableFullError; nothing is held then
   */
  hold(lists: readonly (readonly number[])[]): () => void {
    const held: (readonly number[])[] = [];
    const letGo = (): void => {
      for (const bits of held) this.release(bits);
    };
    const known = new Set<string>();
    try {
      for (const bits of lists) {
        const text = textOf(bits);
        if (known.has(text)) continue;
        known.add(text);
        this.acquire(bits);
        held.push(bits);
      }
      return letGo;
    } catch (error) {
      letGo();
      if (!(error instanceof NumbersExhaustedError)) throw error;
      const { capacity } = this.use;
      throw new TableFullError(selectorSets.name, capacity + 1, capacity);
    }
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
