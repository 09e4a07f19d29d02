/** Repeatable random numbers: the same seed gives the same run. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 32 random bits. @source mulberry32, public domain */
  bits32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.bits32() / 2 ** 32) * count);
  }

  /** True once in `count` times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** Random bytes; sometimes all of them 0 or 255, or all of them 1. */
  bytes(count: number): Uint8Array {
    const style = this.below(4);
    return Uint8Array.from({ length: count }, () => {
      if (style === 0) return 0xff * this.below(2);
      return style === 1 ? 1 : this.below(256);
    });
  }
}
