/**
 * Keys to entries, in the order of insertion: what hash maps are made of.
 *
 * It lies in the heap, so that generated code can find a key too (`generated/lookup.ts`):
 *
 *     head     place of the buckets, number of buckets - 1, place of the rows, first row, last row
 *     buckets  row of the first entry of each hash, and so on in chains
 *     rows     hash, next in the chain, older, newer, number of the value's region, 0; the key
 *
 * A row is named by its index + 1, so that 0 is none.
 */
import type { Heap } from '../heap.ts';
import type { Region } from '../memory.ts';

/** Words of the head. */
export const head = { buckets: 0, mask: 1, rows: 2, first: 3, last: 4, words: 6 } as const;
/** Words of a row. */
export const row = { hash: 0, next: 1, older: 2, newer: 3, region: 4, words: 6 } as const;
/** The key lies behind them. */
export const ROW_HEADER_BYTES = row.words * 4;
/** What makes a hash of words: each is multiplied in, and the upper half stirred into the lower. */
export const hashing = { factor: 0x9e37_79b1 | 0, shift: 15 } as const;

const ROWS_MIN = 8;

/** Bytes of a row with a key of this size. */
export function rowBytes(keySize: number): number {
  return ROW_HEADER_BYTES + ((keySize + 7) & ~7);
}

/** An entry as the index knows it. */
export interface Indexed {
  readonly key: Uint8Array;
  /** The first is the one that lookups give. */
  readonly values: readonly Region[];
  /** Its row, given by the index. */
  row: number;
}

/** A mutable index. */
export class KeyIndex<Entry extends Indexed> {
  readonly head: Int32Array;
  private readonly rowWords: number;
  private buckets!: Int32Array;
  private rows!: Int32Array;
  private bytes!: Uint8Array;
  /** By row. */
  private readonly entries: (Entry | undefined)[] = [undefined];
  private readonly vacant: number[] = [];
  private count = 0;

  constructor(
    private readonly keySize: number,
    private readonly heap: Heap,
  ) {
    this.head = words(heap.allocate(head.words * 4));
    this.rowWords = rowBytes(keySize) / 4;
    this.makeRoom(ROWS_MIN);
  }

  /** How many entries there are. */
  get size(): number {
    return this.count;
  }

  /** The entry that was put in first. */
  get oldest(): Entry | undefined {
    return this.entries[this.head[head.first]!];
  }

  /** The entry of the key at `at`. */
  find(bytes: Uint8Array, at: number): Entry | undefined {
    const { rows, rowWords } = this;
    const hash = hashOf(bytes, at, this.keySize);
    let found = this.buckets[hash & this.head[head.mask]!]!;
    while (found !== 0) {
      const place = (found - 1) * rowWords;
      if (rows[place + row.hash] === hash && this.isKey(place, bytes, at)) break;
      found = rows[place + row.next]!;
    }
    return this.entries[found];
  }

  private isKey(place: number, bytes: Uint8Array, at: number): boolean {
    const { keySize, bytes: all } = this;
    const begin = place * 4 + ROW_HEADER_BYTES;
    for (let index = 0; index < keySize; index++) {
      if (all[begin + index] !== bytes[at + index]) return false;
    }
    return true;
  }

  /** Puts in an entry whose key is not there, as the newest. */
  insert(entry: Entry): void {
    const used = this.entries.length;
    if (this.vacant.length === 0 && used > this.buckets.length) this.makeRoom(used * 2);
    entry.row = this.vacant.pop() ?? used;
    this.entries[entry.row] = entry;
    const { rows } = this;
    const place = this.placeOf(entry);
    this.bytes.set(entry.key, place * 4 + ROW_HEADER_BYTES);
    rows[place + row.hash] = hashOf(entry.key, 0, this.keySize);
    rows[place + row.region] = entry.values[0]!.number;
    this.chain(entry.row);
    this.append(entry.row);
    this.count++;
  }

  private placeOf(entry: Entry): number {
    return (entry.row - 1) * this.rowWords;
  }

  /** As the first of its bucket. */
  private chain(one: number): void {
    const place = (one - 1) * this.rowWords;
    const bucket = this.rows[place + row.hash]! & this.head[head.mask]!;
    this.rows[place + row.next] = this.buckets[bucket]!;
    this.buckets[bucket] = one;
  }

  /** Takes out an entry that is there. */
  remove(entry: Entry): void {
    const { rows, rowWords, buckets } = this;
    const place = this.placeOf(entry);
    const next = rows[place + row.next]!;
    const bucket = rows[place + row.hash]! & this.head[head.mask]!;
    if (buckets[bucket] === entry.row) {
      buckets[bucket] = next;
    } else {
      let before = (buckets[bucket]! - 1) * rowWords;
      while (rows[before + row.next] !== entry.row)
        before = (rows[before + row.next]! - 1) * rowWords;
      rows[before + row.next] = next;
    }
    this.unlink(entry.row);
    this.entries[entry.row] = undefined;
    this.vacant.push(entry.row);
    this.count--;
  }

  /** Makes an entry the newest. */
  renew(entry: Entry): void {
    if (entry.row === this.head[head.last]) return;
    this.unlink(entry.row);
    this.append(entry.row);
  }

  private append(one: number): void {
    const { rows, rowWords } = this;
    const last = this.head[head.last]!;
    rows[(one - 1) * rowWords + row.older] = last;
    rows[(one - 1) * rowWords + row.newer] = 0;
    if (last !== 0) rows[(last - 1) * rowWords + row.newer] = one;
    else this.head[head.first] = one;
    this.head[head.last] = one;
  }

  private unlink(one: number): void {
    const { rows, rowWords } = this;
    const older = rows[(one - 1) * rowWords + row.older]!;
    const newer = rows[(one - 1) * rowWords + row.newer]!;
    if (older !== 0) rows[(older - 1) * rowWords + row.newer] = newer;
    else this.head[head.first] = newer;
    if (newer !== 0) rows[(newer - 1) * rowWords + row.older] = older;
    else this.head[head.last] = older;
  }

  /** All entries, the oldest first. Those taken out meanwhile are not visited. */
  *values(): Iterable<Entry> {
    let at = this.head[head.first]!;
    while (at !== 0) {
      yield this.entries[at]!;
      at = this.rows[(at - 1) * this.rowWords + row.newer]!;
    }
  }

  /** Room for at least so many rows, and for as many buckets. */
  private makeRoom(atLeast: number): void {
    let count = ROWS_MIN;
    while (count < atLeast) count *= 2;
    const old = { buckets: this.buckets, bytes: this.bytes };
    this.bytes = this.heap.allocate(count * this.rowWords * 4);
    this.rows = words(this.bytes);
    const buckets = this.heap.allocate(count * 4);
    this.buckets = words(buckets);
    this.head[head.buckets] = buckets.byteOffset;
    this.head[head.mask] = count - 1;
    this.head[head.rows] = this.bytes.byteOffset;
    if (!old.bytes) return;
    this.bytes.set(old.bytes);
    for (let at = this.head[head.first]!; at !== 0; ) {
      this.chain(at);
      at = this.rows[(at - 1) * this.rowWords + row.newer]!;
    }
    this.heap.reuse(old.bytes);
    this.heap.reuse(
      new Uint8Array(old.buckets.buffer, old.buckets.byteOffset, old.buckets.length * 4),
    );
  }
}

function words(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** Of words in little-endian order; the last has what is left. */
function hashOf(bytes: Uint8Array, at: number, length: number): number {
  const whole = at + (length & ~3);
  let hash = 0;
  let index = at;
  for (; index < whole; index += 4) {
    const upper = (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    hash = stirred(hash, bytes[index]! | (bytes[index + 1]! << 8) | upper);
  }
  if ((length & 3) === 0) return hash;
  let rest = 0;
  for (let shift = 0; index < at + length; index++, shift += 8) rest |= bytes[index]! << shift;
  return stirred(hash, rest);
}

function stirred(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, hashing.factor);
  return product ^ (product >>> hashing.shift);
}
