/** The region table in linear memory. */
import type { RegionTable, TableRegion } from '../region-table.ts';
import { type LinearHeap, REGION_ROWS, ROW_WORDS } from './linear-heap.ts';

/** Words of a row, in their order (`linear-heap.ts` explains them). */
const BEGIN = 0;
const READABLE = 1;
const TO_PLACE = 2;
const WRITABLE = 3;

/** Of bytes that the interpreter alone reaches. */
const NOWHERE = -1;

/** Of one machine. */
export class LinearTable implements RegionTable {
  private readonly rows: Int32Array;

  constructor(private readonly heap: LinearHeap) {
    this.rows = heap.rows;
  }

  publish(region: TableRegion, origin: number): void {
    const { number, begin, end } = region;
    region.place ??= this.placeOf(region);
    if (region.place === NOWHERE || number >= REGION_ROWS || region.goneBecause !== '') return;
    const { rows } = this;
    const at = number * ROW_WORDS;
    rows[at + BEGIN] = origin + begin;
    rows[at + READABLE] = end - begin;
    rows[at + TO_PLACE] = region.place - origin;
    rows[at + WRITABLE] = region.isWritable ? end - begin : 0;
  }

  private placeOf({ kind, bytes }: TableRegion): number {
    return kind !== 'context' && this.heap.holds(bytes) ? bytes.byteOffset : NOWHERE;
  }

  withdraw({ number }: TableRegion): void {
    this.clear(number, number + 1);
  }

  clear(begin: number, end: number): void {
    for (let at = begin * ROW_WORDS; at < end * ROW_WORDS; at += ROW_WORDS) {
      this.rows[at + READABLE] = 0;
      this.rows[at + WRITABLE] = 0;
    }
  }
}
