/** Chance that comes again: the same seed, the same draws. */

/** Draws one after the other; those of seeds next to each other have nothing in common. */
export class Draw {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. @source mulberry32, public domain */
  share(): number {
    this.state = (this.state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + this.share() * (most - least);
  }

  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number {
    return Math.floor(this.share() * count);
  }

  happens(probability: number): boolean {
    return this.share() < probability;
  }

  /** Another one, whose draws do not depend on who else draws meanwhile. */
  fork(): Draw {
    return new Draw(this.below(2 ** 32));
  }
}
