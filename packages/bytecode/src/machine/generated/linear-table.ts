/** The region table in linear memory. */
import type { RegionTable, TableRegion } from '../region-table.ts';
import { type LinearHeap, REGION_ROWS, ROW_WORDS } from './linear-heap.ts';

/** Words of a row, in their order (`linear-heap.ts` explains them). */
const BEGIN = 0;
const READABLE = 1;
const TO_PLACE = 2;
const WRITABLE = 3;

/** Of one machine. */
export class LinearTable implements RegionTable {
  private readonly rows: Int32Array;

  constructor(private readonly heap: LinearHeap) {
    this.rows = heap.rows;
  }

  publish(region: TableRegion, origin: number): void {
    const { number, kind, bytes, begin, end } = region;
    const isPlain = kind !== 'context' && this.heap.holds(bytes) && region.goneBecause === '';
    if (!isPlain || number >= REGION_ROWS) return;
    const { rows } = this;
    const at = number * ROW_WORDS;
    rows[at + BEGIN] = origin + begin;
    rows[at + READABLE] = end - begin;
    rows[at + TO_PLACE] = bytes.byteOffset - origin;
    rows[at + WRITABLE] = region.isWritable ? end - begin : 0;
  }

  withdraw({ number }: TableRegion): void {
    this.clear(number, number + 1);
  }

  clear(begin: number, end: number): void {
    this.rows.fill(0, begin * ROW_WORDS, end * ROW_WORDS);
  }
}
