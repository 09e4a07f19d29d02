/** What is known to lie in memory, because it was loaded or stored a moment ago. */
import { maskOf } from '../ir/arithmetic.ts';
import type { Access, Value } from '../ir/ir.ts';

interface Entry {
  readonly base: Value;
  readonly access: Access;
  /** What a load of these bytes gives. */
  readonly value: Value;
}

/** A larger table is emptied, so that a store never has much to look through. */
const entryLimit = 32;

const none: readonly Entry[] = [];

/** Bytes in memory with the value that a load of them gives. */
export class MemoryTable {
  /** Never changed, so that copies share it. */
  private entries = none;

  copy(): MemoryTable {
    const copy = new MemoryTable();
    copy.entries = this.entries;
    return copy;
  }

  clear(): void {
    this.entries = none;
  }

  /**
   * Forgets what `other` does not hold as well; of `undefined` nothing is known. What both hold was
   * there before their paths parted: its value is computed on both.
   */
  keepCommon(other: MemoryTable | undefined): void {
    if (!other) this.clear();
    else if (other.entries !== this.entries) {
      const shared = new Set(other.entries);
      this.entries = this.entries.filter((entry) => shared.has(entry));
    }
  }

  /** What these bytes hold; if that is unknown, they hold `value` from now on. */
  load(base: Value, access: Access, value: Value): Value | null {
    const found = this.entries.find(
      (entry) =>
        entry.access.offset === access.offset &&
        entry.access.size === access.size &&
        entry.value.width === value.width &&
        isSameAddress(entry.base, base),
    );
    if (found) return found.value;
    this.add({ base, access, value });
    return null;
  }

  /** `ones`: the bits of `value` that may be one. */
  store(base: Value, access: Access, value: Value, ones: bigint): void {
    this.forget(base, access);
    const isWhole =
      ones <= maskOf(access.size * 8) && value.width === (access.size === 8 ? 64 : 32);
    if (isWhole) this.add({ base, access, value });
  }

  /** Forgets what a write of these bytes may change. */
  forget(base: Value, access: Access): void {
    if (this.entries.length === 0) return;
    this.entries = this.entries.filter((entry) => !mayOverlap(entry, base, access));
  }

  private add(entry: Entry): void {
    if (this.entries.length >= entryLimit) this.clear();
    this.entries = [...this.entries, entry];
  }
}

function isSameAddress(left: Value, right: Value): boolean {
  if (left === right) return true;
  const a = left.operation;
  const b = right.operation;
  return a.op === 'slot' && b.op === 'slot' && a.slot === b.slot;
}

function mayOverlap(entry: Entry, base: Value, access: Access): boolean {
  const isKnown = entry.access.space !== 'any' && access.space !== 'any';
  if (isKnown && entry.access.space !== access.space) return false;
  if (isSameAddress(entry.base, base)) {
    const known = entry.access;
    return known.offset < access.offset + access.size && access.offset < known.offset + known.size;
  }
  // Two slots are two objects; any other two pointers may be one.
  return !(entry.base.operation.op === 'slot' && base.operation.op === 'slot');
}
