/** Many random programs, one after the other: those of a family, by their seeds. */
import { checkCase, type Engine, type Failure } from './check-case.ts';
import { type FuzzCase, type FuzzWorld, type Variant, variants } from './fuzz-case.ts';
import { makeRecipeCase, recipeWorld } from './recipe-case.ts';
import { FrontEndRefusal, SourceFolder } from './sources/compile-sources.ts';
import { makeSource, type Source } from './sources/make-source.ts';
import { makeSourceCase, sourceWorld } from './sources/source-case.ts';
import { shorten } from './sources/shorten.ts';

/** `recipes` are made as IR, `sources` are TypeScript. */
export type Family = 'recipes' | 'sources';

/** What is to be run. */
export interface BatchOptions {
  readonly family: Family;
  /** Of the first program; the others follow. */
  readonly seed: number;
  readonly programs: number;
  /** The engines for a world; they are closed by whoever makes them. */
  readonly engines: (world: FuzzWorld) => readonly Engine[];
  /** Ways to compile each program, by its seed. */
  readonly ways: (seed: number) => readonly Variant[];
  /** Called after each program. */
  readonly onProgram?: (done: number) => void;
  /** Called for each that fails, at once: a long run may be ended before its report. */
  readonly onFailure?: (failed: FailedProgram) => void;
}

/** A program that failed. */
export interface FailedProgram {
  readonly family: Family;
  readonly seed: number;
  readonly failures: readonly Failure[];
  /** As short as it could be made. */
  readonly text: string;
}

/** What a batch came to. */
export interface BatchReport {
  readonly family: Family;
  readonly seed: number;
  readonly programs: number;
  /** Programs whose model turns too long: they were not run. */
  readonly leftOut: number;
  /** Ways to compile, times engines, that ran. */
  readonly ran: number;
  /** Not taken by an engine, and the unoptimised form neither. */
  readonly refusedAlike: number;
  readonly failed: readonly FailedProgram[];
}

/** All passes for old and new kernels, none, and one other way, in turn. */
export function someWays(seed: number): readonly Variant[] {
  const [all, iterators, mayGoto, none, ...others] = variants;
  return [mayGoto!, all!, [none!, iterators!, ...others][seed % (others.length + 2)]!];
}

/** Sources of one module: most of the compile time goes into a module, not into a program. */
const moduleSize = 20;

/** Runs the programs of one family. */
export async function runBatch(options: BatchOptions): Promise<BatchReport> {
  const tally = new Tally(options);
  if (options.family === 'recipes') {
    const engines = options.engines(recipeWorld);
    for (let seed = options.seed; seed < options.seed + options.programs; seed++) {
      const one = makeRecipeCase(seed);
      await tally.add(one.seed, one, engines, () => one.text());
    }
    return tally.report();
  }
  const world = await sourceWorld();
  const engines = options.engines(world);
  const folder = new SourceFolder();
  try {
    for (let first = 0; first < options.programs; first += moduleSize) {
      const count = Math.min(moduleSize, options.programs - first);
      const sources = Array.from({ length: count }, (_, at) => {
        return makeSource(options.seed + first + at);
      });
      await runModule(sources, { folder, world, engines, tally, options });
    }
  } finally {
    folder.close();
  }
  return tally.report();
}

interface ModuleRun {
  readonly folder: SourceFolder;
  readonly world: FuzzWorld;
  readonly engines: readonly Engine[];
  readonly tally: Tally;
  readonly options: BatchOptions;
}

async function runModule(sources: readonly Source[], run: ModuleRun): Promise<void> {
  const { folder, world, engines, tally, options } = run;
  try {
    const programs = await folder.compile(sources);
    for (const source of sources) {
      const one = makeSourceCase(source, programs.get(source.name)!, world);
      const text = (): Promise<string> =>
        shorten(source, { folder, world, engines, ways: options.ways(source.seed) });
      await tally.add(source.seed, one, engines, text);
    }
  } catch (error) {
    if (!(error instanceof FrontEndRefusal)) throw error;
    if (sources.length > 1) {
      for (const source of sources) await runModule([source], run);
      return;
    }
    tally.refuse(sources[0]!, error.message);
  }
}

class Tally {
  private programs = 0;
  private leftOut = 0;
  private ran = 0;
  private refusedAlike = 0;
  private readonly failed: FailedProgram[] = [];

  constructor(private readonly options: BatchOptions) {}

  /** Checks one program; `null`: it is left out. */
  async add(
    seed: number,
    one: FuzzCase | null,
    engines: readonly Engine[],
    text: () => string | Promise<string>,
  ): Promise<void> {
    this.programs++;
    if (!one) {
      this.leftOut++;
      return;
    }
    const { ran, refusedAlike, failures } = checkCase(one, engines, this.options.ways(seed));
    this.ran += ran;
    this.refusedAlike += refusedAlike;
    if (failures.length > 0) {
      this.fail({ family: this.options.family, seed, failures, text: await text() });
    }
    this.options.onProgram?.(this.programs);
  }

  refuse({ seed, lines }: Source, detail: string): void {
    this.programs++;
    const about = { variant: 'all', engine: 'front end', detail, isForSize: false };
    const failure = { kind: 'refused', ...about } as const;
    const text = lines().join('\n');
    this.fail({ family: 'sources', seed, failures: [failure], text });
  }

  private fail(failed: FailedProgram): void {
    this.failed.push(failed);
    this.options.onFailure?.(failed);
  }

  report(): BatchReport {
    const { family, seed } = this.options;
    const { programs, leftOut, ran, refusedAlike, failed } = this;
    return { family, seed, programs, leftOut, ran, refusedAlike, failed };
  }
}

/** For people: a line. */
export function summaryLine(report: BatchReport): string {
  const { family, seed, programs, leftOut, ran, refusedAlike, failed } = report;
  const wrong = failed.filter(({ failures }) => failures.some(({ kind }) => kind === 'wrong'));
  return (
    `${family}: seeds ${seed} to ${seed + programs - 1}: ${programs} programs, ${ran} runs of a ` +
    `compiled form, ${wrong.length} wrong, ${failed.length - wrong.length} refused, ` +
    `${refusedAlike} forms too large unoptimised too, ${leftOut} programs left out`
  );
}

/** For people: a line for each way in which the program fails. */
export function failureLines({ seed, failures }: FailedProgram): string[] {
  return failures.map(({ kind, variant, engine, detail }) => {
    return `  seed ${seed}: ${kind}: ${variant}, ${engine}: ${detail}`;
  });
}

/** All that is to be said of a batch, with the programs that failed. */
export function reportText(report: BatchReport): string {
  const failed = report.failed.flatMap((each) => [...failureLines(each), each.text]);
  return [summaryLine(report), ...failed].join('\n');
}
