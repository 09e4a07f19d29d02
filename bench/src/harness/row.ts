/** Results: one row for each thing measured, printed as a table and kept as JSON. */
import { median, pairedRatio } from './statistics.ts';

/** One comparison, as `--json` writes it. */
export interface Row {
  readonly name: string;
  /** Of `ours` and `reference`: `ns/packet`, `ms`, `instructions`, `MiB`. */
  readonly unit: string;
  readonly ours: number;
  /** What it is compared with; `null` where there is nothing to compare. */
  readonly reference: number | null;
  readonly referenceName: string | null;
  /** ours / reference; for samples taken in pairs the median of the ratios within the pairs. */
  readonly ratio: number | null;
  /** How many times each side was measured. */
  readonly samples: number;
  /** What is asked of it, and whether that is kept. */
  readonly bar?: JudgedBar;
}

/** A bound of one of a row's figures; itself it is still within. */
export interface Limit {
  readonly of: 'ours' | 'ratio';
  readonly most?: number;
  readonly least?: number;
}

/** A row's bar, and whether the row keeps it. */
export interface JudgedBar extends Limit {
  readonly result: 'within' | 'over';
}

/** A row of samples that were taken in pairs. */
export function pairedRow(
  { name, unit, referenceName }: { name: string; unit: string; referenceName: string },
  ours: readonly number[],
  reference: readonly number[],
): Row {
  return {
    name,
    unit,
    ours: median(ours),
    reference: median(reference),
    referenceName,
    ratio: pairedRatio(ours, reference),
    samples: ours.length,
  };
}

/**
 * A row of one number, measured or counted, with a number to compare it with where there is one.
 */
export function plainRow(
  { name, unit, samples = 1 }: { name: string; unit: string; samples?: number },
  ours: number,
  reference?: { readonly name: string; readonly value: number },
): Row {
  return {
    name,
    unit,
    ours,
    reference: reference?.value ?? null,
    referenceName: reference?.name ?? null,
    ratio: reference ? ours / reference.value : null,
    samples,
  };
}

const columns = ['case', 'ours', 'reference', 'ratio', 'samples', 'unit', 'compared with'];

/** The rows as aligned text, one line each, below a header; bars only where there are some. */
export function tableText(rows: readonly Row[]): string {
  const hasBars = rows.some(({ bar }) => bar !== undefined);
  const header = [...columns, ...(hasBars ? ['bar'] : [])];
  const lines = [header, ...rows.map((row) => [...cells(row), ...(hasBars ? [barText(row)] : [])])];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const isText = (column: number): boolean => column === 0 || column > 4;
  const text = lines.map((line) =>
    line
      .map((cell, column) =>
        isText(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  return text.join('\n');
}

function cells(row: Row): string[] {
  return [
    row.name,
    numberText(row.ours),
    row.reference === null ? '-' : numberText(row.reference),
    row.ratio === null ? '-' : row.ratio.toFixed(2),
    String(row.samples),
    row.unit,
    row.referenceName ?? '-',
  ];
}

/** `over`, and what would be within. */
function barText({ unit, bar }: Row): string {
  if (!bar) return '-';
  const [sign, bound] = bar.least === undefined ? ['<=', bar.most] : ['>=', bar.least];
  return `${bar.result} (${sign} ${bound}${bar.of === 'ratio' ? 'x' : ` ${unit}`})`;
}

/** Three digits that matter are enough for a reader. */
export function numberText(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toString();
  return value.toPrecision(3);
}
