/** A set of small numbers that is asked and changed by whole ranges: one bit each. */
export class BitRow {
  private readonly words: Uint32Array;

  constructor(size: number) {
    this.words = new Uint32Array((size + 31) >>> 5);
  }

  /** Adds `from` to `to`, without `to`. */
  addRange(from: number, to: number): void {
    const { words } = this;
    for (let index = from >>> 5; index << 5 < to; index++) {
      words[index]! |= maskAt(index, from, to);
    }
  }

  /** Whether some number of `from` to `to`, without `to`, is in. */
  meetsRange(from: number, to: number): boolean {
    const { words } = this;
    for (let index = from >>> 5; index << 5 < to; index++) {
      if ((words[index]! & maskAt(index, from, to)) !== 0) return true;
    }
    return false;
  }
}

/** The bits of word `index` that stand for numbers of `from` to `to`, without `to`. */
function maskAt(index: number, from: number, to: number): number {
  const first = from - 32 * index;
  const end = to - 32 * index;
  return (first <= 0 ? -1 : -1 << first) & (end >= 32 ? -1 : ~(-1 << end));
}
