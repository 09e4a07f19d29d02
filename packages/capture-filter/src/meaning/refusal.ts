/** A filter that is well formed and says what cannot be; the caller adds the text and the caret. */

/** What is wrong at a column. */
export class Refusal extends Error {
  constructor(
    readonly column: number,
    readonly found: string,
    readonly expected: string,
    readonly advice?: string,
  ) {
    super(found);
  }
}
