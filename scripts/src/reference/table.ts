/** Tables of the reference pages. */

/** A markdown table; a `|` in a cell is escaped. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return line(header) + line(header.map(() => '---')) + rows.map(line).join('');
}

/** What every generated page says of itself. */
export function generatedFrom(source: string): string {
  return `<!-- Made from ${source} by \`npm test -- --update reference\`: change it there. -->\n`;
}
