/** Arrays: indexes 0..maxEntries-1 exist always, zeroed. */
import { UpdateFlag } from '@skep/ebpf';
import type { MapShape } from '../../object.ts';
import { Errno } from '../errno.ts';
import type { Memory } from '../memory.ts';
import { Table, type TableEntry } from './map.ts';

/** An index in host order (little-endian), 4 bytes from `at` on. */
export function indexOf(key: Uint8Array, at = 0): number {
  return (key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24)) >>> 0;
}

/** The key of an index. */
export function indexKey(index: number): Uint8Array {
  return Uint8Array.of(index, index >>> 8, index >>> 16, index >>> 24);
}

const LISTED_MAX = 1 << 20;

/** Whether generated code can look up the entries of an array. */
export function isListed(maxEntries: number): boolean {
  return maxEntries <= LISTED_MAX;
}

/** @alias BPF_MAP_TYPE_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY */
export class ArrayTable extends Table {
  /** Made when first asked for: most entries of a large array are never read. */
  private readonly made: (TableEntry | undefined)[];

  /** The number of the first region of each entry, 0 where it is not made yet. */
  private readonly numbers: Int32Array | undefined;

  constructor(shape: MapShape, cpus: number, memory: Memory) {
    super(shape, cpus, memory);
    this.demandSize('create', 'key', shape.keySize, 4);
    this.made = new Array(shape.maxEntries);
    if (!isListed(shape.maxEntries)) return;
    const { buffer, byteOffset } = memory.heap.allocate(shape.maxEntries * 4);
    this.numbers = new Int32Array(buffer, byteOffset, shape.maxEntries);
  }

  override get directory(): number {
    return this.numbers?.byteOffset ?? 0;
  }

  protected override entryAt(bytes: Uint8Array, at: number): TableEntry | undefined {
    const index = indexOf(bytes, at);
    if (index >= this.shape.maxEntries) return undefined;
    let entry = this.made[index];
    if (entry === undefined) {
      entry = this.makeEntry(indexKey(index));
      this.made[index] = entry;
      if (this.numbers) this.numbers[index] = entry.values[0]!.number;
    }
    return entry;
  }

  protected override entryFor(key: Uint8Array, flag: number): TableEntry | number {
    const entry = this.entryAt(key, 0);
    if (entry === undefined) return -Errno.E2BIG;
    return flag === UpdateFlag.NoExist ? -Errno.EEXIST : entry;
  }

  protected override removeEntry(): number {
    return -Errno.EINVAL;
  }

  protected override *allEntries(): Iterable<TableEntry> {
    for (let index = 0; index < this.shape.maxEntries; index++) {
      yield this.entryAt(indexKey(index), 0)!;
    }
  }
}
