/** Longest prefix match: one hash for each prefix length in use, tried from the longest. */
import { UpdateFlag } from '@skep/ebpf';
import type { MapShape } from '../../object.ts';
import { Errno } from '../errno.ts';
import type { Memory } from '../memory.ts';
import { indexOf } from './array-table.ts';
import { MapError, Table, type TableEntry } from './map.ts';

/**
 * The key is the prefix length in bits (4 bytes, host order), then the data in network order.
 *
 * @alias BPF_MAP_TYPE_LPM_TRIE
 */
export class LpmTable extends Table {
  private readonly byLength = new Map<number, Map<string, TableEntry>>();
  /** Lengths in use, longest first. */
  private lengths: number[] = [];
  private count = 0;
  private readonly bitsMax: number;

  constructor(shape: MapShape, memory: Memory) {
    super(shape, 1, memory);
    this.bitsMax = (shape.keySize - 4) * 8;
    if (shape.keySize < 5 || shape.keySize > 260 || (shape.flags & 1) === 0) {
      const detail = 'expected a key of 5 to 260 bytes and the flag NoPreallocation';
      throw new MapError(shape.name, 'create', Errno.EINVAL, detail);
    }
  }

  protected override entryAt(bytes: Uint8Array, at: number): TableEntry | undefined {
    const longest = indexOf(bytes, at);
    if (longest > this.bitsMax) return undefined;
    for (const length of this.lengths) {
      if (length > longest) continue;
      const found = this.byLength.get(length)!.get(prefixText(bytes, length, at));
      if (found) return found;
    }
    return undefined;
  }

  protected override entryFor(key: Uint8Array, flag: number): TableEntry | number {
    const length = indexOf(key);
    if (length > this.bitsMax) return -Errno.EINVAL;
    const text = prefixText(key, length);
    const known = this.byLength.get(length)?.get(text);
    if (known && flag === UpdateFlag.NoExist) return -Errno.EEXIST;
    if (!known && flag === UpdateFlag.Exist) return -Errno.ENOENT;
    if (!known && this.count >= this.shape.maxEntries) return -Errno.ENOSPC;
    const entry = this.makeEntry(key);
    this.entriesOf(length).set(text, entry);
    if (known) this.giveUp(known);
    else this.count++;
    return entry;
  }

  private entriesOf(length: number): Map<string, TableEntry> {
    let entries = this.byLength.get(length);
    if (entries === undefined) {
      entries = new Map();
      this.byLength.set(length, entries);
      this.lengths = [...this.byLength.keys()].sort((one, other) => other - one);
    }
    return entries;
  }

  protected override removeEntry(key: Uint8Array): number {
    const length = indexOf(key);
    if (length > this.bitsMax) return -Errno.EINVAL;
    const entries = this.byLength.get(length);
    const text = prefixText(key, length);
    const known = entries?.get(text);
    if (!entries || !known) return -Errno.ENOENT;
    entries.delete(text);
    this.giveUp(known);
    this.count--;
    if (entries.size > 0) return 0;
    this.byLength.delete(length);
    this.lengths = this.lengths.filter((other) => other !== length);
    return 0;
  }

  protected override *allEntries(): Iterable<TableEntry> {
    for (const length of this.lengths) yield* this.byLength.get(length)!.values();
  }
}

/** The first `length` bits of the data of the key at `at`. */
function prefixText(key: Uint8Array, length: number, at = 0): string {
  const begin = at + 4;
  const whole = begin + (length >> 3);
  let text = '';
  for (let index = begin; index < whole; index++) text += String.fromCharCode(key[index]!);
  if ((length & 7) === 0) return text;
  return text + String.fromCharCode(key[whole]! & (0xff00 >> (length & 7)));
}
