/**
 * A program's three forms side by side: the source, the IR after the optimiser, the bytecode. What
 * was made from one source line stands beside it.
 */
import path from 'node:path';
import { checkProgram, listLines } from '@skep/bytecode';
import { compileProgram } from '../codegen/compile-program.ts';
import { formatDiagnostics } from '../diagnostics/report.ts';
import { compileModule } from '../front-end/compile.ts';
import { CompileError } from '../ir/compile-error.ts';
import { copyProgram } from '../ir/copy.ts';
import type { IrProgram, SourcePosition } from '../ir/ir.ts';
import { printValue } from '../ir/print.ts';
import { loadTimeNames, specialise } from '../ir/specialise.ts';
import { optimise } from '../optimiser/optimise.ts';

/** What `explain` shows, and how wide. */
export interface ExplainOptions {
  /** File names are shown relative to this folder; default: the working directory. */
  readonly folder?: string;
  /** Load-time constants; 0 where not given. */
  readonly loadTime?: Readonly<Record<string, number | bigint>>;
  /** Characters of one line; default 160. */
  readonly columns?: number;
}

/** What `explain` found. */
export interface Explanation {
  readonly text: string;
  /** False when the file has errors or no program: `text` shows them. */
  readonly compiled: boolean;
}

/** One source line and what became of it. */
interface Row {
  readonly line: number;
  readonly source: string;
  readonly ir: string[];
  readonly code: string[];
}

const expectedProgram =
  'expected an exported function whose one parameter is a context ' +
  '(export function name(ctx: XdpContext): XdpAction)';

/** @throws Error when the file does not exist, or is no module of TypeScript */
export async function explain(file: string, options: ExplainOptions = {}): Promise<Explanation> {
  const folder = options.folder ?? process.cwd();
  const { programs, diagnostics } = await compileModule(file, { folder });
  if (diagnostics.length > 0) {
    return { text: formatDiagnostics(diagnostics, { folder }), compiled: false };
  }
  if (programs.length === 0) {
    const text = `explain ${path.relative(folder, file)}: no program: ${expectedProgram}`;
    return { text, compiled: false };
  }
  try {
    const parts = programs.map((program) => explainProgram(program, options));
    return { text: parts.join('\n\n'), compiled: true };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const { message, position } = error;
    const source = position ? `\n\n${position.line} ${position.text}` : '';
    return { text: `${message}${source}`, compiled: false };
  }
}

/** One program; above its lines stands what the kernel would certainly refuse, if anything. */
export function explainProgram(program: IrProgram, options: ExplainOptions): string {
  const names = loadTimeNames(program);
  const loadTime = Object.fromEntries(names.map((name) => [name, options.loadTime?.[name] ?? 0]));
  const object = compileProgram(program, { loadTime });
  const rows = new Map<string, Row>();
  const rowOf = ({ file, line, text }: Omit<SourcePosition, 'column'>): Row => {
    const key = `${file}:${line}`;
    const row = rows.get(key) ?? { line, source: text, ir: [], code: [] };
    rows.set(key, row);
    return row;
  };
  collectIr(specialise(copyProgram(program), loadTime), rowOf);
  let row: Row | null = null;
  for (const entry of listLines(object)) {
    if (entry.kind === 'source') row = rowOf(entry.source);
    if (entry.kind === 'instruction') row?.code.push(`${entry.slot}: ${entry.text}`);
  }
  const count = object.code.length / 8;
  const head = `${object.name}: ${count} instructions, ${object.stackBytes} bytes of stack`;
  const sorted = [...rows].sort(([a], [b]) => compareKeys(a, b)).map(([, each]) => each);
  const refusal = checkProgram(object);
  const refused = refusal ? [`the kernel would refuse it: ${refusal.message}`] : [];
  return [head, ...refused, ...layOut(sorted, options.columns ?? 160)].join('\n');
}

function collectIr(program: IrProgram, rowOf: (position: SourcePosition) => Row): void {
  for (const made of program.functions) {
    optimise(made);
    for (const value of made.blocks.flatMap((block) => block.values)) {
      if (value.position) rowOf(value.position).ir.push(printValue(value));
    }
  }
}

function compareKeys(left: string, right: string): number {
  const [a, b] = [left.lastIndexOf(':'), right.lastIndexOf(':')];
  const [one, other] = [left.slice(0, a), right.slice(0, b)];
  if (one !== other) return one < other ? -1 : 1;
  return Number(left.slice(a + 1)) - Number(right.slice(b + 1));
}

function layOut(rows: readonly Row[], columns: number): string[] {
  const width = Math.floor((columns - 12) / 3);
  const cell = (text: string): string =>
    text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
  const lines: string[] = [];
  for (const { line, source, ir, code } of rows) {
    const height = Math.max(1, ir.length, code.length);
    for (let index = 0; index < height; index++) {
      const place = index === 0 ? String(line) : '';
      const text = index === 0 ? source : '';
      const cells = [cell(text), cell(ir[index] ?? ''), cell(code[index] ?? '')];
      lines.push(`${place.padStart(5)} ${cells.join(' │ ')}`.trimEnd());
    }
  }
  return lines;
}
