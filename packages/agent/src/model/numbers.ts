/**
 * Small numbers for things that have a text: equal text, equal number. Numbers are given in a
 * circle, so that one that is given back is not used again before all others have been.
 */

/** All numbers of a kind are taken. */
export class NumbersExhaustedError extends Error {
  readonly code = 'ERR_NUMBERS_EXHAUSTED';
  constructor(
    readonly kind: string,
    readonly expected: number,
  ) {
    super(
      `allocate ${kind}: all ${expected} numbers are taken, or were a moment ago ` +
        '(use fewer different labels or rules)',
    );
  }
}

interface Held {
  readonly number: number;
  references: number;
}

/** Which numbers there are, and how they are given. */
export interface NumbersOptions {
  /** What they are of, for messages. */
  readonly kind: string;
  readonly first: number;
  readonly last: number;
  /**
   * Milliseconds during which a number that was given back may still be seen somewhere, as in an
   * event that nobody has read yet. Default: 0.
   */
  readonly coolDown?: number;
  readonly now?: () => number;
}

/** Numbers from `first` to `last`, each held by as many as have asked for its text. */
export class Numbers {
  private readonly held = new Map<string, Held>();
  private readonly taken = new Set<number>();
  private readonly releasedAt = new Map<number, number>();
  private readonly now: () => number;
  /** The number that was given last. */
  private cursor: number;

  constructor(private readonly options: NumbersOptions) {
    this.cursor = options.last;
    this.now = options.now ?? (() => performance.now());
  }

  /** The number that was given last, for {@link continueAfter}. */
  get last(): number {
    return this.cursor;
  }

  /** Where an earlier life stopped; a number that is not one of these begins at the first. */
  continueAfter(number: number): void {
    const { first, last } = this.options;
    this.cursor = number >= first && number <= last ? number : last;
  }

  /** The number of a text; the first holder makes it. @throws NumbersExhaustedError */
  acquire(text: string): { readonly number: number; readonly isNew: boolean } {
    const known = this.held.get(text);
    if (known) {
      known.references++;
      return { number: known.number, isNew: false };
    }
    const number = this.nextFree();
    this.take(text, number, 1);
    this.cursor = number;
    return { number, isNew: true };
  }

  /** Gives one holder's share back. True when that was the last. */
  release(text: string): boolean {
    const { kind, coolDown } = this.options;
    const known = this.held.get(text);
    if (!known) throw new Error(`release ${kind}: '${text}' is not held`);
    known.references--;
    if (known.references > 0) return false;
    this.held.delete(text);
    this.taken.delete(known.number);
    if (coolDown) this.releasedAt.set(known.number, this.now());
    return true;
  }

  /** The number of a text that someone holds. */
  numberOf(text: string): number | undefined {
    return this.held.get(text)?.number;
  }

  /** How many texts are held. */
  get size(): number {
    return this.held.size;
  }

  /** The texts that are held, by number. */
  entries(): { readonly number: number; readonly text: string; readonly references: number }[] {
    return [...this.held]
      .map(([text, { number, references }]) => ({ number, text, references }))
      .sort((left, right) => left.number - right.number);
  }

  /** Takes a number that was given in an earlier life, held by nobody yet. */
  restore(text: string, number: number): void {
    const { first, last } = this.options;
    if (number < first || number > last || this.held.has(text) || this.taken.has(number)) return;
    this.take(text, number, 0);
  }

  private take(text: string, number: number, references: number): void {
    this.held.set(text, { number, references });
    this.taken.add(number);
    this.releasedAt.delete(number);
  }

  private nextFree(): number {
    const { kind, first, last } = this.options;
    const count = last - first + 1;
    for (let step = 1; step <= count; step++) {
      const number = first + ((this.cursor - first + step) % count);
      if (!this.taken.has(number) && !this.isCooling(number)) return number;
    }
    throw new NumbersExhaustedError(kind, count);
  }

  private isCooling(number: number): boolean {
    const releasedAt = this.releasedAt.get(number);
    return releasedAt !== undefined && this.now() - releasedAt < (this.options.coolDown ?? 0);
  }
}
