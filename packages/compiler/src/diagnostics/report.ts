/** Diagnostics of one run: collected, then shown the way tsc shows its own. */
import ts from '@typescript/typescript6';
import type { DiagnosticEntry, DiagnosticName } from './table.ts';
import { diagnosticTable } from './table.ts';

/** One error. Lines and columns count from 1. */
export interface Diagnostic {
  /** `SKEP3001`, or tsc's own such as `TS2531`. */
  readonly code: string;
  readonly message: string;
  /** What to write instead; tsc's own errors have none. */
  readonly help: string | null;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** The same for tsc's printer. */
  readonly native: ts.Diagnostic;
}

/** Thrown where lowering cannot go on; `null` when the cause has been reported already. */
export class Refusal extends Error {
  constructor(readonly diagnostic: Diagnostic | null) {
    super(diagnostic?.message ?? 'follows from an error reported before');
  }
}

/** @throws Refusal always */
export function refuse(node: ts.Node, name: DiagnosticName, ...details: unknown[]): never {
  throw new Refusal(describe(node, name, ...details));
}

/** The diagnostic of an entry at a node; `details` fill its message and help. */
export function describe(
  node: ts.Node,
  name: DiagnosticName,
  ...details: readonly unknown[]
): Diagnostic {
  const entry: DiagnosticEntry = diagnosticTable[name];
  const fill = (text: string): string =>
    text.replace(/\{(\d)\}/g, (_, index) => String(details[Number(index)]));
  const [message, help] = [fill(entry.message), fill(entry.help)];
  const file = node.getSourceFile();
  const start = node.getStart(file);
  const native: ts.Diagnostic = {
    category: ts.DiagnosticCategory.Error,
    code: entry.code,
    file,
    start,
    length: Math.max(1, node.getEnd() - start),
    messageText: `${message}\n  help: ${help}`,
    source: 'skep',
  };
  return { ...place(native), code: `SKEP${entry.code}`, message, help, native };
}

/** tsc's own error in our form. */
export function fromTypeScript(native: ts.Diagnostic): Diagnostic {
  const message = ts.flattenDiagnosticMessageText(native.messageText, '\n');
  return { ...place(native), code: `TS${native.code}`, message, help: null, native };
}

function place(native: ts.Diagnostic): Pick<Diagnostic, 'file' | 'line' | 'column' | 'length'> {
  const { file, start = 0, length = 0 } = native;
  if (!file) return { file: '', line: 0, column: 0, length };
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  return { file: file.fileName, line: line + 1, column: character + 1, length };
}

/** Collects the diagnostics of one run; the same error at the same place is kept once. */
export class DiagnosticList {
  private readonly found = new Map<string, Diagnostic>();

  add(diagnostic: Diagnostic): void {
    const { code, file, line, column } = diagnostic;
    this.found.set(`${code} ${file}:${line}:${column} ${diagnostic.message}`, diagnostic);
  }

  /** Runs `body`; a refusal is recorded and `undefined` returned. Other errors go on. */
  attempt<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.diagnostic) this.add(error.diagnostic);
      return undefined;
    }
  }

  /** Whether one of ours is at the same place. */
  covers({ file, line, column }: Diagnostic): boolean {
    return [...this.found.values()].some(
      (each) =>
        each.code.startsWith('SKEP') &&
        each.file === file &&
        each.line === line &&
        each.column === column,
    );
  }

  get size(): number {
    return this.found.size;
  }

  /** By file, line and column. */
  sorted(): Diagnostic[] {
    return [...this.found.values()].sort(
      (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column,
    );
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How diagnostics are printed. */
export interface FormatOptions {
  /** File names are shown relative to this folder; default: the working directory. */
  readonly folder?: string;
  /** ANSI colours; default: none. */
  readonly colors?: boolean;
}

/** As tsc prints: `file:line:column - error SKEP3001: ...`, the line, and an underline. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: FormatOptions = {},
): string {
  const host: ts.FormatDiagnosticsHost = {
    getCurrentDirectory: () => options.folder ?? process.cwd(),
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  };
  const parts = diagnostics.map(({ code, native }) =>
    ts
      .formatDiagnosticsWithColorAndContext([native], host)
      .replace(`TS${native.code}: `, `${code}: `),
  );
  const text = parts.join('\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character of ANSI colours
  return options.colors ? text : text.replace(/\u001b\[[0-9;]*m/g, '');
}
