/** Chance that comes again: the same seed, the same draws. */

/** Draws one after the other. */
export class Draw {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. */
  share(): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state / 2 ** 32;
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
