/** `npm run test:kernel`: the tests that touch the kernel, on each kernel that Skep supports. */
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import type { ProgramObject } from '@skep/bytecode';
import { projectRoot } from '../project.ts';
import { testFiles, testName } from '../test-files.ts';
import { test } from '../test-run.ts';
import { NoKernelError } from './debian-kernel.ts';
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

/**
 * `npm run test:kernel -- [--kernel NAME]... [--if-possible] [--all] [--verbose] [PATTERN...]`: all
 * programs within their budgets, then the tests that tell most of a kernel, or all that touch it,
 * or those whose path contains one of the patterns.
 *
 * `npm run test:kernel -- --bench CASE... [--kernel NAME]...` runs cases of the benchmark instead:
 * for what the kernel of this machine has not. Of an emulated one only ratios say something.
 *
 * `npm run test:kernel -- --update [--kernel NAME]...` records the budgets and runs no tests.
 *
 * @returns 0 where every kernel that was to be tried passed
 */
export async function testKernel(parameters: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: parameters,
    options: {
      kernel: { type: 'string', multiple: true },
      'if-possible': { type: 'boolean' },
      all: { type: 'boolean' },
      bench: { type: 'string', multiple: true },
      update: { type: 'boolean' },
      verbose: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const wanted = values.kernel ?? kernels;
  const unknown = wanted.find((name) => !kernels.includes(name));
  if (unknown !== undefined) {
    console.error(`skep: kernel '${unknown}': expected one of ${kernels.join(', ')}`);
    return 1;
  }
  exitOnSignals();
  const names = testFiles(projectRoot, []).map((file) => testName(projectRoot, file));
  const patterns = positionals.length > 0 ? positionals : kernelTests(names, values.all ?? false);
  const flags = ['--name-skips', ...(values.verbose ? ['--verbose'] : [])];
  return runAll(wanted, {
    testParameters: [...flags, ...patterns],
    benchCases: values.bench ?? [],
    isUpdate: values.update ?? false,
    maySkip: values['if-possible'] ?? false,
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
  programs: readonly ProgramObject[],
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
