/** A set of small numbers that is asked and changed by whole ranges: one bit each. */
export class BitRow {
  private readonly words: Uint32Array;

  constructor(size: number) {
    this.words = new Uint32Array((size + 31) >>> 5);
  }

  /** Adds `from` to `to`, without `to`. */
  addRange(from: number, to: number): void {
    this.eachWord(from, to, (index, mask) => {
      this.words[index]! |= mask;
      return true;
    });
  }

  /** Whether some number of `from` to `to`, without `to`, is in. */
  meetsRange(from: number, to: number): boolean {
    return !this.eachWord(from, to, (index, mask) => (this.words[index]! & mask) === 0);
  }

  /** Stops, and gives false, when `visit` does. */
  private eachWord(
    from: number,
    to: number,
    visit: (index: number, mask: number) => boolean,
  ): boolean {
    if (from >= to) return true;
    const last = (to - 1) >>> 5;
    for (let index = from >>> 5; index <= last; index++) {
      let mask = 0xffffffff;
      if (index === from >>> 5) mask &= -1 << (from & 31);
      if (index === last) mask &= -1 >>> (31 - ((to - 1) & 31));
      if (!visit(index, mask)) return false;
    }
    return true;
  }
}
