/** Statements of random programs: what is written, and what it does. */
import { Left, type Run, TooManyTurns } from './run-state.ts';

/** One statement, with the statements in it. */
export interface Step {
  readonly lines: () => string[];
  readonly run: (run: Run) => void;
  /** Those in it, which a failing program is shortened by. */
  readonly blocks: readonly Step[][];
}

/** A statement without others in it. */
export function plainStep(text: string, run: Step['run']): Step {
  return { lines: () => [text], run, blocks: [] };
}

/** Statements in lines of their own, indented. */
export function bodyLines(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => step.lines().map((line) => `  ${line}`));
}

/** One after the other. */
export function runAll(steps: readonly Step[], run: Run): void {
  for (const step of steps) step.run(run);
}

/** `head { body }`, with what the body does given. */
export function blockStep(head: string, body: Step[], run: Step['run']): Step {
  const lines = (): string[] => [`${head} {`, ...bodyLines(body), '}'];
  return { lines, run, blocks: [body] };
}

/** One turn of a loop. @returns false where it was left */
export function turn(run: Run, label: string, body: () => void): boolean {
  if (run.turns-- <= 0) throw new TooManyTurns();
  try {
    body();
  } catch (thrown) {
    if (!(thrown instanceof Left) || thrown.label !== label) throw thrown;
    return thrown.how === 'continue';
  }
  return true;
}
