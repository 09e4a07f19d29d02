/**
 * Keys to entries, in the order of insertion: what hash maps are made of.
 *
 * Keys are found where they lie, in larger arrays, without a copy or a string of them.
 */

/** An entry as the index knows it: in a chain of equal hashes, and in the list of all. */
export interface Indexed {
  readonly key: Uint8Array;
  hash: number;
  sameHash: Indexed | undefined;
  older: Indexed | undefined;
  newer: Indexed | undefined;
}

/** What an entry begins with before it is in an index. */
export function unindexed(key: Uint8Array): Indexed {
  return { key, hash: 0, sameHash: undefined, older: undefined, newer: undefined };
}

/** A mutable index. */
export class KeyIndex<Entry extends Indexed> {
  private readonly chains = new Map<number, Entry>();
  private first: Entry | undefined;
  private last: Entry | undefined;
  private count = 0;

  /** How many entries there are. */
  get size(): number {
    return this.count;
  }

  /** The entry that was put in first. */
  get oldest(): Entry | undefined {
    return this.first;
  }

  /** The entry of the key of `length` bytes at `at`. */
  find(bytes: Uint8Array, at: number, length: number): Entry | undefined {
    let entry = this.chains.get(hashOf(bytes, at, length));
    while (entry !== undefined && !isEqual(entry.key, bytes, at)) {
      entry = entry.sameHash as Entry | undefined;
    }
    return entry;
  }

  /** Puts in an entry whose key is not there, as the newest. */
  insert(entry: Entry): void {
    entry.hash = hashOf(entry.key, 0, entry.key.length);
    entry.sameHash = this.chains.get(entry.hash);
    this.chains.set(entry.hash, entry);
    this.append(entry);
    this.count++;
  }

  /** Takes out an entry that is there. */
  remove(entry: Entry): void {
    const head = this.chains.get(entry.hash)!;
    if (head !== entry) {
      let before: Indexed = head;
      while (before.sameHash !== entry) before = before.sameHash!;
      before.sameHash = entry.sameHash;
    } else if (entry.sameHash) {
      this.chains.set(entry.hash, entry.sameHash as Entry);
    } else {
      this.chains.delete(entry.hash);
    }
    this.unlink(entry);
    this.count--;
  }

  /** Makes an entry the newest. */
  renew(entry: Entry): void {
    if (entry === this.last) return;
    this.unlink(entry);
    this.append(entry);
  }

  private append(entry: Entry): void {
    entry.older = this.last;
    entry.newer = undefined;
    if (this.last) this.last.newer = entry;
    else this.first = entry;
    this.last = entry;
  }

  private unlink(entry: Entry): void {
    if (entry.older) entry.older.newer = entry.newer;
    else this.first = entry.newer as Entry | undefined;
    if (entry.newer) entry.newer.older = entry.older;
    else this.last = entry.older as Entry | undefined;
  }

  /** All entries, the oldest first. Those taken out meanwhile are not visited. */
  *values(): Iterable<Entry> {
    for (let entry = this.first; entry; entry = entry.newer as Entry | undefined) yield entry;
  }
}

/** FNV-1a by bytes, then mixed, as a small integer. */
function hashOf(bytes: Uint8Array, at: number, length: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let end = at + length, index = at; index < end; index++) {
    hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & 0x3fffffff;
}

function isEqual(key: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < key.length; index++) {
    if (key[index] !== bytes[at + index]) return false;
  }
  return true;
}
