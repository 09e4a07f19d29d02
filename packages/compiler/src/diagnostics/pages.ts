/**
 * The reference pages of the diagnostics, one for each number: what it says, why, a program that it
 * refuses and one that it does not. They are made of the table, of the golden tests and of programs
 * that are compiled and run by tests, so that none of it can be out of date.
 */
import { diagnosticReasons } from './reasons.ts';
import type { DiagnosticEntry, DiagnosticName } from './table.ts';
import { diagnosticTable } from './table.ts';

/** What pages are made of besides the table. */
export interface PageSources {
  /** Texts of `*.diagnostics`, as `formatDiagnostics` prints. */
  readonly refused: readonly string[];
  /** The programs that those are about, by file name. */
  readonly programs: ReadonlyMap<string, string>;
  /** Sources of good programs, in parts that begin with `// --- SKEP1001 SKEP1002`. */
  readonly good: readonly string[];
}

/** By file name. @throws Error for a diagnostic without a refused or a good program */
export function diagnosticPages(sources: PageSources): Map<string, string> {
  const examples = examplesOf(sources);
  const programs = programsOf(sources.good);
  const entries = Object.entries(diagnosticTable) as [DiagnosticName, DiagnosticEntry][];
  const pages = new Map<string, string>([['README.md', indexPage(entries)]]);
  for (const [name, entry] of entries) {
    const code = `SKEP${entry.code}`;
    const [example, program] = [examples.get(code), programs.get(code)];
    if (!example) throw new Error(`${code} ${name}: no refused program shows it`);
    if (!program) throw new Error(`${code} ${name}: no good program is marked with it`);
    pages.set(`${code}.md`, page(code, name, example, program));
  }
  return pages;
}

function indexPage(entries: readonly [DiagnosticName, DiagnosticEntry][]): string {
  const sorted = [...entries].sort(([, a], [, b]) => a.code - b.code);
  const rows = sorted.map(([, { code, message }]) => {
    const text = message.replace(/\{\d\}/g, '…').replaceAll('|', '\\|');
    return `| [SKEP${code}](SKEP${code}.md) | ${text} |`;
  });
  const head = [
    '# Diagnostics',
    '',
    wrap(
      'What the compiler says of kernel programs that it refuses: 1000 to 1999 constructs, 2000 ' +
        'values and types, 3000 memory, 4000 control flow and functions, 5000 modules and ' +
        'programs. Errors that begin with TS are those of TypeScript. Made by ' +
        '`npm test -- diagnostics/pages --update`.',
    ),
  ];
  return `${[...head, '', '| code | message |', '|---|---|', ...rows].join('\n')}\n`;
}

function page(code: string, name: DiagnosticName, example: Example, program: string): string {
  const parts = [
    `# ${code}`,
    example.message,
    wrap(diagnosticReasons[name]),
    '## Refused',
    `\`\`\`ts\n${example.source}\n\`\`\``,
    `\`\`\`\n${example.frame}\n\`\`\``,
    '## Instead',
    wrap(`${example.help[0]!.toUpperCase()}${example.help.slice(1)}.`),
    `\`\`\`ts\n${program}\n\`\`\``,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Lines of at most 100 columns. */
function wrap(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > 100) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

interface Example {
  readonly message: string;
  readonly help: string;
  /** The declaration that it is in. */
  readonly source: string;
  /** The lines of source with the underline. */
  readonly frame: string;
}

const blockPattern = /^(\S+?):(\d+):\d+ - error (SKEP\d+): (.*)\n {2}help: (.*)\n\n([\s\S]*)$/;

/** From the line after the declaration before to the end of the one that the line is in. */
function declarationAt(source: string, line: number): string {
  const lines = source.split('\n');
  const isEnd = (text: string): boolean =>
    text === '}' || text === '' || (text.endsWith(';') && /^\S/.test(text));
  let start = line - 1;
  while (start > 0 && !isEnd(lines[start - 1]!)) start--;
  let end = line - 1;
  while (end < lines.length - 1 && !isEnd(lines[end]!)) end++;
  return lines.slice(start, end + 1).join('\n');
}

/** The first example of each code. */
function examplesOf({ refused, programs }: PageSources): Map<string, Example> {
  const found = new Map<string, Example>();
  for (const text of refused) {
    for (const block of text.split(/\n(?=\S+:\d+:\d+ - error )/)) {
      const match = blockPattern.exec(block);
      const [, file, line, code, message, help, frame] = match ?? [];
      if (!file || !code || !message || !help || !frame || found.has(code)) continue;
      const source = declarationAt(programs.get(file) ?? '', Number(line));
      found.set(code, { message, help, source, frame: frame.trimEnd() });
    }
  }
  return found;
}

/** The part of each code that good programs are marked with. */
function programsOf(sources: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const source of sources) {
    const [, ...parts] = source.split(/^\/\/ --- (?=SKEP)/m);
    for (const part of parts) {
      const end = part.indexOf('\n');
      for (const code of part.slice(0, end).split(' ')) found.set(code, part.slice(end).trim());
    }
  }
  return found;
}
