/** What a benchmark is made of. */
import type { Row } from './row.ts';

/** How much to measure. */
export interface Effort {
  /** Interleaved rounds of a comparison. */
  readonly rounds: number;
  /** Runs of a program in one sample. */
  readonly runs: number;
  /** What "many rules" means. */
  readonly rules: number;
}

/** One chapter of the benchmark. */
export interface Case {
  readonly name: string;
  /** One sentence: what the numbers say. */
  readonly about: string;
  /** The rows; where something is missing on this machine, a reason instead. */
  readonly run: (effort: Effort) => Promise<readonly Row[] | { readonly skipped: string }>;
}
