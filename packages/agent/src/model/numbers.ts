/**
 * Small numbers for things that have a text: equal text, equal number. A number that is given back
 * is not used again before all others have been.
 */

/** All numbers of a kind are taken. */
export class NumbersExhaustedError extends Error {
  readonly code = 'ERR_NUMBERS_EXHAUSTED';
  constructor(
    readonly kind: string,
    readonly expected: number,
  ) {
    super(
      `allocate ${kind}: all ${expected} numbers are taken (use fewer different labels or rules)`,
    );
  }
}

interface Held {
  readonly number: number;
  references: number;
}

/** Numbers from `first` to `last`, each held by as many as have asked for its text. */
export class Numbers {
  private readonly held = new Map<string, Held>();
  private readonly free: number[] = [];
  private next: number;

  constructor(
    private readonly kind: string,
    private readonly first: number,
    private readonly last: number,
  ) {
    this.next = first;
  }

  /** The number of a text; the first holder makes it. @throws NumbersExhaustedError */
  acquire(text: string): { readonly number: number; readonly isNew: boolean } {
    const known = this.held.get(text);
    if (known) {
      known.references++;
      return { number: known.number, isNew: false };
    }
    const number = this.next <= this.last ? this.next++ : this.free.shift();
    if (number === undefined) {
      throw new NumbersExhaustedError(this.kind, this.last - this.first + 1);
    }
    this.held.set(text, { number, references: 1 });
    return { number, isNew: true };
  }

  /** Gives one holder's share back. True when that was the last. */
  release(text: string): boolean {
    const known = this.held.get(text);
    if (!known) throw new Error(`release ${this.kind}: '${text}' is not held`);
    known.references--;
    if (known.references > 0) return false;
    this.held.delete(text);
    this.free.push(known.number);
    return true;
  }

  /** The number of a text that someone holds. */
  numberOf(text: string): number | undefined {
    return this.held.get(text)?.number;
  }

  /** The texts that are held, by number. */
  entries(): { readonly number: number; readonly text: string; readonly references: number }[] {
    return [...this.held]
      .map(([text, { number, references }]) => ({ number, text, references }))
      .sort((left, right) => left.number - right.number);
  }

  /** Takes a number that was given in an earlier life, held by nobody yet. */
  restore(text: string, number: number): void {
    if (number < this.first || number > this.last || this.held.has(text)) return;
    while (this.next <= number) this.free.push(this.next++);
    const index = this.free.indexOf(number);
    if (index >= 0) this.free.splice(index, 1);
    this.held.set(text, { number, references: 0 });
  }
}
