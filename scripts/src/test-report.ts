/** What happened in a test run: collected from node:test's events, told in few lines. */
import { inspect } from 'node:util';

/** The part of an event of node:test that is read here. Durations in milliseconds. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    /** 0 for a file's own tests and suites, one more inside each. */
    readonly nesting?: number;
    readonly file?: string;
    readonly message?: string;
    /** `true`, or the reason that the test gave. */
    readonly skip?: string | boolean;
    readonly details?: {
      readonly type?: string;
      readonly duration_ms?: number;
      readonly error?: TestError;
    };
  };
}

/** Of node:test, around what was thrown. */
type TestError = Error & { readonly failureType?: string };

interface FileResult {
  passed: number;
  skipped: number;
  durationMilliseconds: number;
  readonly failures: { readonly name: string; readonly error: TestError | undefined }[];
  /** What the file printed. */
  readonly output: string[];
}

/** Collects events, in any order of files; each line it returns is for the reader of the run. */
export class TestReport {
  readonly #files = new Map<string, FileResult>();
  readonly #skips = new Map<string, string[]>();

  /** @param shorten makes a file's path short for the reader. */
  constructor(readonly shorten: (file: string) => string) {}

  /** Takes one event of the stream that `run` of node:test returns. */
  add({ type, data }: TestEvent): void {
    const file = this.shorten(data.file ?? data.name ?? '');
    if (type === 'test:stdout' || type === 'test:stderr') {
      this.#result(file).output.push(data.message ?? '');
    }
    if (type !== 'test:pass' && type !== 'test:fail') return;
    const result = this.#result(file);
    if (!data.nesting) result.durationMilliseconds += data.details?.duration_ms ?? 0;
    const isSkipped = data.skip !== undefined && data.skip !== false;
    const isSuite = data.details?.type === 'suite';
    // Node tells nothing of the tests of a suite that it skips: the suite stands for them.
    if (isSuite && !isSkipped && !failsItself(data.details?.error)) return;
    const part = isSkipped ? 'all of it' : 'the suite itself';
    const name = isSuite ? `${data.name} (${part})` : (data.name ?? '');
    if (isSkipped) {
      result.skipped += 1;
      const reason = typeof data.skip === 'string' ? data.skip : 'no reason given';
      this.#skips.set(reason, [...(this.#skips.get(reason) ?? []), `${file}: ${name}`]);
    } else if (type === 'test:pass') {
      result.passed += 1;
    } else {
      result.failures.push({ name, error: data.details?.error });
    }
  }

  /** One line for a file that is done: `ok   packages/wire/address  12 passed  0.3 s`. */
  fileLine(file: string): string {
    const result = this.#result(this.shorten(file));
    const counts = [`${result.passed} passed`];
    if (result.failures.length > 0) counts.push(`${result.failures.length} failed`);
    if (result.skipped > 0) counts.push(`${result.skipped} skipped`);
    const seconds = (result.durationMilliseconds / 1000).toFixed(1);
    const mark = result.failures.length > 0 ? 'FAIL' : 'ok  ';
    return `${mark} ${this.shorten(file).padEnd(52)} ${counts.join(', ')}  ${seconds} s`;
  }

  /** Each failure with its error and what the file printed; empty where all passed. */
  failureLines(): string[] {
    const lines: string[] = [];
    for (const [file, { failures, output }] of this.#files) {
      for (const { name, error } of failures) {
        const line = `FAIL ${file}: ${name}`;
        if (isCancelled(error)) lines.push('', `${line} (cancelled: its parent has ended)`);
        else lines.push('', line, inspect(error?.cause ?? error));
      }
      if (failures.length > 0 && output.length > 0) {
        lines.push('', `printed by ${file}:`, output.join('').trimEnd());
      }
    }
    return lines;
  }

  /** How many tests were skipped, by reason, then the totals. @param areNamed one line for each */
  summaryLines(areNamed = false): string[] {
    const lines = [...this.#skips].flatMap(([reason, tests]) =>
      areNamed
        ? tests.map((name) => `skip ${name}: ${reason}`)
        : `skipped ${tests.length}: ${reason} (${tests[0]}${others(tests)})`,
    );
    const { passed, failed, skipped } = this.totals();
    const files = `${this.#files.size} files`;
    return [...lines, `${passed} passed, ${failed} failed, ${skipped} skipped in ${files}`];
  }

  /** The tests skipped for each reason. */
  get skips(): ReadonlyMap<string, readonly string[]> {
    return this.#skips;
  }

  /** Counts over all files. */
  totals(): { readonly passed: number; readonly failed: number; readonly skipped: number } {
    const results = [...this.#files.values()];
    const sum = (of: (result: FileResult) => number): number =>
      results.reduce((total, result) => total + of(result), 0);
    return {
      passed: sum((result) => result.passed),
      failed: sum((result) => result.failures.length),
      skipped: sum((result) => result.skipped),
    };
  }

  #result(file: string): FileResult {
    const known = this.#files.get(file);
    if (known) return known;
    const fresh = { passed: 0, skipped: 0, durationMilliseconds: 0, failures: [], output: [] };
    this.#files.set(file, fresh);
    return fresh;
  }
}

/** By a hook, by a limit of time, or by what is written between its tests. */
function failsItself(error: TestError | undefined): boolean {
  return error !== undefined && error.failureType !== 'subtestsFailed' && !isCancelled(error);
}

function isCancelled(error: TestError | undefined): boolean {
  return error?.failureType === 'cancelledByParent';
}

function others(tests: readonly string[]): string {
  return tests.length > 1 ? ` and ${tests.length - 1} more` : '';
}
