/** `npm run test:kernel`: the tests that touch the kernel, on each kernel that Skep supports. */
import { constants } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { commandLine } from '../command-line.ts';
import { projectRoot } from '../project.ts';
import { testFiles, testName } from '../test-files.ts';
import { test } from '../test-run.ts';
import { NoKernelError } from './debian-kernel.ts';
import type { FormedProgram } from './forms.ts';
import { runInGuest } from './guest-run.ts';
import { projectPrograms } from './project-programs.ts';
import { kernelTests } from './selection.ts';
import { MissingToolError } from './tool.ts';

/** The kernel that runs here. */
const HOST = 'host';
const kernels: readonly string[] = [HOST, '6.1', '6.12'];

/** What of the command line is the same for every kernel. */
interface Matrix {
  /** For the test run, as after `npm test --`. */
  readonly testParameters: readonly string[];
  /** Cases of the benchmark that are run in the place of the tests. */
  readonly benchCases: readonly string[];
  /** Record the sizes of the programs, instead of comparing them and running tests. */
  readonly isUpdate: boolean;
  /** A kernel that cannot be had here is skipped, and the run says so. */
  readonly maySkip: boolean;
}

/** What `npm run test:kernel` is told besides the patterns. */
interface MatrixOptions {
  readonly kernel?: readonly string[];
  readonly ifPossible?: true;
  readonly all?: true;
  readonly bench?: readonly string[];
  readonly update?: true;
  readonly verbose?: true;
}

const ABOUT =
  'all programs within their budgets on each kernel, then the tests that tell most of it';

function matrixCommand(): Command {
  const several = (one: string, before: readonly string[] = []): string[] => [...before, one];
  return commandLine('test:kernel', ABOUT)
    .argument('[pattern...]', 'tests whose paths contain one of these, instead')
    .option('--kernel <name>', `one of ${kernels.join(', ')}; default: all`, addKernel)
    .option('--if-possible', 'a kernel that cannot be had here is skipped')
    .option('--all', 'every test that touches the kernel')
    .option('--bench <case>', 'of the benchmark, instead: only ratios say something', several)
    .option('--update', 'record the budgets, and run no tests')
    .option('--verbose', 'each test by name, and what it prints');
}

function addKernel(name: string, before: readonly string[] = []): string[] {
  if (kernels.includes(name)) return [...before, name];
  throw new InvalidArgumentError(`Expected one of ${kernels.join(', ')}.`);
}

/** @returns 0 where every kernel that was to be tried passed */
export async function testKernel(parameters: readonly string[]): Promise<number> {
  const command = matrixCommand().parse(parameters, { from: 'user' });
  const { kernel, ifPossible, all, bench, update, verbose } = command.opts<MatrixOptions>();
  exitOnSignals();
  const names = testFiles(projectRoot, []).map((file) => testName(projectRoot, file));
  const patterns = command.args.length > 0 ? command.args : kernelTests(names, all ?? false);
  const flags = ['--name-skips', ...(verbose ? ['--verbose'] : [])];
  return runAll(kernel ?? kernels, {
    testParameters: [...flags, ...patterns],
    benchCases: bench ?? [],
    isUpdate: update ?? false,
    maySkip: ifPossible ?? false,
  });
}

/** Ending by a signal is an exit too: what was begun is taken away again. */
function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

async function runAll(names: readonly string[], matrix: Matrix): Promise<number> {
  const programs = names.some((name) => name !== HOST) ? await projectPrograms() : [];
  const results: [string, string][] = [];
  for (const name of names) {
    console.log(`\n==> kernel ${name}`);
    results.push([name, await runOne(name, matrix, programs)]);
  }
  console.log('');
  for (const [name, result] of results) console.log(`kernel ${name}: ${result}`);
  return results.some(([, result]) => result.startsWith('failed')) ? 1 : 0;
}

async function runOne(
  name: string,
  matrix: Matrix,
  programs: readonly FormedProgram[],
): Promise<string> {
  const { maySkip, ...tasks } = matrix;
  try {
    const status =
      name === HOST
        ? await testHost(tasks)
        : await runInGuest({ kernel: name, programs, ...tasks });
    return status === 0 ? 'passed' : 'failed';
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isNotHere = error instanceof MissingToolError || error instanceof NoKernelError;
    return `${maySkip && isNotHere ? 'SKIPPED' : 'failed'}: ${error.message}`;
  }
}

/** The host's own budgets are a test among the others. */
function testHost({
  testParameters,
  benchCases,
  isUpdate,
}: Omit<Matrix, 'maySkip'>): Promise<number> {
  if (benchCases.length > 0) throw new Error('the host: `npm run bench` is for that');
  const parameters = isUpdate ? ['--update'] : testParameters;
  return test([...parameters, 'scripts/kernel-matrix/budgets.live']);
}
