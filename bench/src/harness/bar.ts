/** Bars: what the project asks of a figure. A row that is beyond its bar fails the benchmark. */
import { type Limit, numberText, type Row } from './row.ts';

/** Which rows are meant, and how far their figure may go. */
export interface Bar {
  /** Name of the case. */
  readonly case: string;
  /** Of the rows; absent for all. */
  readonly rows?: RegExp;
  readonly unit?: RegExp;
  /** Of what they are compared with. */
  readonly against?: RegExp;
  readonly limit: Limit;
}

/** What is counted is the same however short the run and however busy the machine. */
const counted = /^(instructions|calls|bytes of machine code|processed by the verifier)$/;

/**
 * The rows with their bars.
 *
 * @param timesCount false where times say nothing, since they are of a short or an emulated run
 */
export function judge(
  bars: readonly Bar[],
  caseName: string,
  rows: readonly Row[],
  timesCount = true,
): Row[] {
  return rows.map((row) => {
    const bar = bars.find((each) => isMeant(each, caseName, row));
    if (!bar || !(timesCount || counted.test(row.unit))) return row;
    return { ...row, bar: { ...bar.limit, result: isOver(bar.limit, row) ? 'over' : 'within' } };
  });
}

/** Whether the bar is about this row. */
export function isMeant(bar: Bar, caseName: string, row: Row): boolean {
  return (
    bar.case === caseName &&
    (bar.rows?.test(row.name) ?? true) &&
    (bar.unit?.test(row.unit) ?? true) &&
    (bar.against?.test(row.referenceName ?? '') ?? true)
  );
}

/** A figure that is missing, or no number, is beyond every bar. */
function isOver({ of, most = Infinity, least = -Infinity }: Limit, row: Row): boolean {
  const figure = row[of] ?? Number.NaN;
  return !(figure <= most && figure >= least);
}

/** Of a row that is beyond its bar: a sentence. */
export function overText(caseName: string, row: Row): string {
  const { of, least } = row.bar!;
  const figure = row[of];
  const found = figure === null ? 'nothing' : numberText(figure);
  const what = of === 'ratio' ? `times ${row.referenceName}, by ${row.unit}` : row.unit;
  const [side, bound] = least === undefined ? ['most', row.bar!.most] : ['least', least];
  return `${caseName}: ${row.name}: ${found} ${what}, expected at ${side} ${bound}`;
}
