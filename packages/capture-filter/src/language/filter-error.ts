/** What is wrong with a filter, and where: the text itself is shown, with a caret below it. */

/** Of a longer filter only so much is shown, around the caret. */
const COLUMNS_MAX = 100;

/** A filter that is not understood, or that is refused. */
export class FilterError extends Error {
  readonly code = 'ERR_FILTER';

  /**
   * @param text the whole filter
   * @param column where it is wrong, from 1
   * @param found what stands there
   * @param expected what could stand there
   * @param advice what to write instead
   */
  constructor(
    readonly text: string,
    readonly column: number,
    readonly found: string,
    readonly expected: string,
    readonly advice?: string,
  ) {
    super(describe(text, column, found, expected, advice));
  }
}

function describe(
  text: string,
  column: number,
  found: string,
  expected: string,
  advice: string | undefined,
): string {
  const head = `filter: column ${column}: found ${found}, expected ${expected}`;
  const start = text.length > COLUMNS_MAX ? Math.max(0, column - COLUMNS_MAX / 2) : 0;
  const line = text.slice(start, start + COLUMNS_MAX).replace(/\s/g, ' ');
  const caret = `${' '.repeat(column - 1 - start)}^`;
  return `${head}${advice ? ` (${advice})` : ''}\n  ${line}\n  ${caret}`;
}
