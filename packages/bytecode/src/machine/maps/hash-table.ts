/** Hash maps. Entries come in the order of insertion; the kernel promises no order. */
import { UpdateFlag } from '@skep/ebpf';
import { Errno } from '../errno.ts';
import type { MapShape } from '../../object.ts';
import type { Memory } from '../memory.ts';
import { type Indexed, KeyIndex } from './key-index.ts';
import { Table, type TableEntry } from './map.ts';

type HashEntry = TableEntry & Indexed;

/** Refuses new keys when full. @alias BPF_MAP_TYPE_HASH BPF_MAP_TYPE_PERCPU_HASH */
export class HashTable extends Table {
  protected readonly index: KeyIndex<HashEntry>;

  constructor(shape: MapShape, cpus: number, memory: Memory) {
    super(shape, cpus, memory);
    this.index = new KeyIndex(shape.keySize, memory.heap);
  }

  override get directory(): number {
    return this.index.head.byteOffset;
  }

  protected override entryAt(bytes: Uint8Array, at: number): HashEntry | undefined {
    return this.index.find(bytes, at);
  }

  protected override entryFor(key: Uint8Array, flag: number): TableEntry | number {
    const known = this.entryAt(key, 0);
    if (known) return flag === UpdateFlag.NoExist ? -Errno.EEXIST : this.renewed(known);
    if (flag === UpdateFlag.Exist) return -Errno.ENOENT;
    if (this.index.size >= this.shape.maxEntries && !this.makeRoom()) return -Errno.E2BIG;
    return this.insert(key);
  }

  private insert(key: Uint8Array): TableEntry {
    const { key: own, values } = this.makeEntry(key);
    const entry: HashEntry = { key: own, values, row: 0 };
    this.index.insert(entry);
    return entry;
  }

  /**
   * An update replaces the element: who still holds the old value does not see the new one. Per-CPU
   * values are changed in place.
   */
  private renewed(known: HashEntry): TableEntry {
    if (this.shape.kind === 'perCpuHash') return known;
    this.giveUp(known);
    return this.insert(known.key);
  }

  /** True when an entry was given up for a new one. */
  protected makeRoom(): boolean {
    return false;
  }

  protected override giveUp(entry: TableEntry): void {
    this.index.remove(entry as HashEntry);
    super.giveUp(entry);
  }

  protected override removeEntry(key: Uint8Array): number {
    const known = this.entryAt(key, 0);
    if (!known) return -Errno.ENOENT;
    this.giveUp(known);
    return 0;
  }

  protected override allEntries(): Iterable<TableEntry> {
    return this.index.values();
  }
}

/**
 * Evicts the entry used least recently. Exact, where the kernel's is nearly so: it keeps lists by
 * CPU and marks used entries in batches. @alias BPF_MAP_TYPE_LRU_HASH
 */
export class LruHashTable extends HashTable {
  protected override touch(entry: TableEntry): void {
    this.index.renew(entry as HashEntry);
  }

  protected override makeRoom(): boolean {
    const { oldest } = this.index;
    if (oldest) this.giveUp(oldest);
    return oldest !== undefined;
  }
}
