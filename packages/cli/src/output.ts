/** What the command line prints: tables for people, JSON for programs, errors in one line. */
import type { ExplainSideView } from '@skep/agent';
import { pc } from './colours.ts';

/** Left-aligned columns under a heading; cells may be coloured. */
export function formatTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = heading.map((title, column) =>
    Math.max(visibleLength(title), ...rows.map((row) => visibleLength(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - visibleLength(cell)))
      .join('  ')
      .trimEnd();
  return [pc.dim(line(heading)), ...rows.map(line)].map((text) => `${text}\n`).join('');
}

/**
 * A sentence of any length as lines that fit the terminal, indented, and what is continued a little
 * more. Where the output is no terminal it is one line, for programs that search in it.
 */
export function formatParagraph(text: string, indent: number, width = terminalWidth()): string {
  const lines: string[] = [];
  let line = ' '.repeat(indent);
  let isBegun = false;
  for (const word of text.split(' ')) {
    if (isBegun && visibleLength(line) + 1 + visibleLength(word) > width) {
      lines.push(line);
      line = ' '.repeat(indent + CONTINUATION_INDENT) + word;
    } else {
      line += isBegun ? ` ${word}` : word;
    }
    isBegun = true;
  }
  return [...lines, line].map((each) => `${each}\n`).join('');
}

/** How one side of a flow was decided, and below it what would change that. */
export function formatSide({ text, wouldChange }: ExplainSideView, indent: number): string {
  const changes = wouldChange.map((change) =>
    formatParagraph(`would change it: ${change}`, indent + 2),
  );
  return formatParagraph(text, indent) + changes.join('');
}

const CONTINUATION_INDENT = 2;
/** Below this, lines that do not fit are the lesser evil. */
const WIDTH_MIN = 40;

function terminalWidth(): number {
  if (!process.stdout.isTTY) return Number.POSITIVE_INFINITY;
  return Math.max(WIDTH_MIN, process.stdout.columns || Number.POSITIVE_INFINITY);
}

/** Characters without what only colours. */
function visibleLength(text: string): number {
  return text.replace(COLOUR, '').length;
}

/** ECMA-48 section 8.3.117, select graphic rendition. */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Prints rows as a table, or the values behind them as JSON. */
export function printList<T>(
  values: readonly T[],
  isJson: boolean,
  heading: readonly string[],
  toRow: (value: T) => readonly string[],
): void {
  if (isJson) printJson(values);
  else if (values.length === 0) process.stdout.write('none\n');
  else process.stdout.write(formatTable(heading, values.map(toRow)));
}

/** Prints a value as JSON over several lines, for programs and for people. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** A verdict in the colour that people expect. */
export function paintVerdict(verdict: string): string {
  const isGood = verdict === 'forwarded' || verdict === 'allow' || verdict === 'allowed';
  return isGood ? pc.green(verdict) : pc.red(verdict);
}

/** Labels as `key=value`, in one cell; those that are not known yet have a name, too. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  if (!labels) return 'reserved:init';
  return Object.entries(labels)
    .map(([key, value]) => `${quoteUnusual(key)}=${quoteUnusual(value)}`)
    .join(',');
}

/** `source:key=value` as the agent says it. */
export function formatIdentityLabel(label: string): string {
  return /^[^=]*=[^=]*$/.test(label) ? label.split('=').map(quoteUnusual).join('=') : quote(label);
}

/** What containers say of themselves must not look like more labels, another line, or nothing. */
function quoteUnusual(text: string): string {
  return /^[\p{L}\p{M}\p{N}_.:/@+-]*$/u.test(text) ? text : quote(text);
}

function quote(text: string): string {
  return JSON.stringify(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (sign) => {
    return `\\u{${sign.codePointAt(0)!.toString(16)}}`;
  });
}

/** Something did not work, or was not as expected: exit status 1 with this message. */
export class CommandError extends Error {
  readonly code = 'ERR_COMMAND';
}
