/** One of several copies that are meant to happen at once. */
export interface Copy<T> {
  readonly destination: number;
  readonly source: number;
  readonly value: T;
}

/**
 * An order of single moves that does what the copies do at once; each destination occurs once.
 * A cycle is broken through one new register.
 */
export function sequentialise<T>(
  copies: readonly Copy<T>[],
  makeRegister: () => number,
): Copy<T>[] {
  const pending = new Map<number, Copy<T>>();
  const readers = new Map<number, number>();
  for (const copy of copies) {
    if (copy.destination === copy.source) continue;
    pending.set(copy.destination, copy);
    readers.set(copy.source, (readers.get(copy.source) ?? 0) + 1);
  }
  const ordered: Copy<T>[] = [];
  const ready = [...pending.values()].filter((copy) => !readers.get(copy.destination));
  /** Emits `copy`; frees what it read when that is itself to be written. */
  const emit = (copy: Copy<T>): void => {
    ordered.push(copy);
    pending.delete(copy.destination);
    const left = readers.get(copy.source)! - 1;
    readers.set(copy.source, left);
    const waiting = pending.get(copy.source);
    if (left === 0 && waiting) ready.push(waiting);
  };
  while (pending.size > 0) {
    for (let copy = ready.pop(); copy; copy = ready.pop()) emit(copy);
    const [stuck] = pending.values();
    if (!stuck) break;
    // Only cycles are left: park the value that the first copy overwrites.
    const parked = makeRegister();
    ordered.push({ destination: parked, source: stuck.destination, value: stuck.value });
    for (const [key, copy] of pending) {
      if (copy.source === stuck.destination) pending.set(key, { ...copy, source: parked });
    }
    readers.set(parked, readers.get(stuck.destination)!);
    readers.set(stuck.destination, 0);
    ready.push(stuck);
  }
  return ordered;
}
