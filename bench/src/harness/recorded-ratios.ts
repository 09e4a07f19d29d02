/**
 * What is counted of a program, as a ratio to clang's: bench/ratios.json. None may get worse, and
 * one that is above the bar has its reason there.
 */
import type { Row } from './row.ts';

/** By what is counted: `instructions`. */
export type Ratios = Readonly<Record<string, number>>;

/** Of one program. */
export interface RecordedProgram {
  readonly ratios: Ratios;
  /** Why it is above the bar; written by hand, kept when ratios are recorded again. */
  readonly reason?: string;
}

/** What ratios depend on: where it is otherwise, they can be recorded, but not compared. */
export interface CountedWith {
  /** Its first number. */
  readonly clang: string;
  readonly kernel: string;
  readonly arch: string;
  /** Of programs at functions only instructions are known where the kernel takes none. */
  readonly takesProgramsAtFunctions: boolean;
}

/** The whole file. */
export interface RecordedRatios {
  readonly countedWith: CountedWith;
  readonly programs: Readonly<Record<string, RecordedProgram>>;
}

/** Digits behind the point that are kept. */
const PRECISION = 1000;

/** The bytes that machine code begins with differ between processors, which shifts its ratio. */
const room: Readonly<Record<string, number>> = { 'bytes of machine code': 0.01 };

/** What was counted now, in the place of what was recorded; reasons stay where they are needed. */
export function withRatios(
  recorded: RecordedRatios,
  countedWith: CountedWith,
  rows: readonly Row[],
  most: number,
): RecordedRatios {
  const programs: Record<string, RecordedProgram> = {};
  for (const [name, ratios] of Object.entries(ratiosOf(rows))) {
    const reason = recorded.programs[name]?.reason;
    const isAbove = Object.values(ratios).some((ratio) => ratio > most);
    programs[name] = { ratios, ...(isAbove ? { reason: reason ?? '' } : {}) };
  }
  return { countedWith, programs };
}

/** What is worse than recorded, or not recorded, or above the bar without a reason. */
export function worsened(recorded: RecordedRatios, rows: readonly Row[], most: number): string[] {
  const found = ratiosOf(rows);
  const gone = Object.keys(recorded.programs).filter((name) => !found[name]);
  return [
    ...gone.map((name) => `${name}: has recorded ratios, but there is no such program`),
    ...Object.entries(found).flatMap(([name, ratios]) =>
      worsenedOf(name, ratios, recorded.programs[name], most),
    ),
  ];
}

function worsenedOf(
  name: string,
  ratios: Ratios,
  recorded: RecordedProgram | undefined,
  most: number,
): string[] {
  if (!recorded) return [`${name}: no ratios are recorded`];
  const lines = Object.entries(ratios).flatMap(([unit, ratio]) => {
    const before = recorded.ratios[unit];
    if (before !== undefined && ratio <= before + (room[unit] ?? 0)) return [];
    return [`${name}: ${ratio} times clang, by ${unit}, recorded ${before ?? 'is none'}`];
  });
  const isAbove = Object.values(ratios).some((ratio) => ratio > most);
  if (isAbove && !recorded.reason) lines.push(`${name}: above ${most}, and no reason is recorded`);
  return lines;
}

function ratiosOf(rows: readonly Row[]): Record<string, Ratios> {
  const found: Record<string, Record<string, number>> = {};
  for (const { name, unit, ratio } of rows) {
    found[name] ??= {};
    found[name][unit] = Math.round(ratio! * PRECISION) / PRECISION;
  }
  return found;
}
