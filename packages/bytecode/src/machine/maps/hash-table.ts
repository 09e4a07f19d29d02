/** Hash maps. Entries come in the order of insertion; the kernel promises no order. */
import { UpdateFlag } from '@skep/ebpf';
import { Errno } from '../errno.ts';
import { Table, type TableEntry, textOf } from './map.ts';

/** Refuses new keys when full. @alias BPF_MAP_TYPE_HASH BPF_MAP_TYPE_PERCPU_HASH */
export class HashTable extends Table {
  protected readonly byKey = new Map<string, TableEntry>();

  protected override entryOf(key: Uint8Array): TableEntry | undefined {
    return this.byKey.get(textOf(key));
  }

  protected override entryFor(key: Uint8Array, flag: number): TableEntry | number {
    const text = textOf(key);
    const known = this.byKey.get(text);
    if (known) return flag === UpdateFlag.NoExist ? -Errno.EEXIST : this.renewed(text, known);
    if (flag === UpdateFlag.Exist) return -Errno.ENOENT;
    if (this.byKey.size >= this.shape.maxEntries && !this.makeRoom()) return -Errno.E2BIG;
    const entry = this.makeEntry(key);
    this.byKey.set(text, entry);
    return entry;
  }

  /**
   * An update replaces the element: who still holds the old value does not see the new one. Per-CPU
   * values are changed in place.
   */
  protected renewed(text: string, known: TableEntry): TableEntry {
    if (this.shape.kind === 'perCpuHash') return known;
    const entry = this.makeEntry(known.key);
    this.byKey.set(text, entry);
    this.giveUp(known);
    return entry;
  }

  /** True when an entry was given up for a new one. */
  protected makeRoom(): boolean {
    return false;
  }

  protected override removeEntry(key: Uint8Array): number {
    const text = textOf(key);
    const known = this.byKey.get(text);
    if (!known) return -Errno.ENOENT;
    this.byKey.delete(text);
    this.giveUp(known);
    return 0;
  }

  protected override allEntries(): Iterable<TableEntry> {
    return this.byKey.values();
  }
}

/**
 * Evicts the entry used least recently. Exact, where the kernel's is nearly so: it keeps lists by
 * CPU and marks used entries in batches. @alias BPF_MAP_TYPE_LRU_HASH
 */
export class LruHashTable extends HashTable {
  protected override touch(entry: TableEntry): void {
    const text = textOf(entry.key);
    this.byKey.delete(text);
    this.byKey.set(text, entry);
  }

  protected override renewed(text: string, known: TableEntry): TableEntry {
    this.byKey.delete(text);
    return super.renewed(text, known);
  }

  protected override makeRoom(): boolean {
    for (const [text, oldest] of this.byKey) {
      this.giveUp(oldest);
      return this.byKey.delete(text);
    }
    return false;
  }
}
