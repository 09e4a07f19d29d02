/** One kernel of the matrix: a virtual machine, the programs loaded in it, the tests run in it. */
import { join, resolve } from 'node:path';
import { projectRoot } from '../project.ts';
import { checkBudgets } from './budget-file.ts';
import type { ProgramSize } from './budgets.ts';
import type { FormedProgram } from './forms.ts';
import { prepareKernel } from './kernel-image.ts';
import { writePrograms } from './program-folder.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { VirtualMachine } from './virtual-machine.ts';

const CACHE = join(projectRoot, '.cache');
/** Milliseconds: emulated, on two cores that others use too. */
const timeouts = { load: 600_000, tests: 7_200_000 };
const BENCH_MAIN = join(projectRoot, 'bench/dist/main.js');
/** How much longer than on the host something may take before a test gives it up. */
const TIME_SCALE = '10';

/** What to do on a kernel. */
export interface GuestRun {
  /** Two numbers: `6.1`. */
  readonly kernel: string;
  readonly programs: readonly FormedProgram[];
  /** For the test run, as after `npm test --`. */
  readonly testParameters: readonly string[];
  /** Cases of the benchmark that are run in the place of the tests; none where empty. */
  readonly benchCases: readonly string[];
  /** Record the sizes of the programs, instead of comparing them and running tests. */
  readonly isUpdate: boolean;
}

/**
 * Boots the kernel, loads every program, runs the tests, switches off.
 *
 * @returns 0 where every program is within its budget and the tests passed
 * @throws MissingToolError; NoKernelError; Error where the machine does not come up
 */
export async function runInGuest(run: GuestRun): Promise<number> {
  const image = prepareKernel(run.kernel, join(CACHE, 'kernels'));
  // Before the boot: what the guest has once read of the host's files it does not read again.
  const folder = temporaryFolder(join(CACHE, 'programs-'));
  const started = Date.now();
  let machine: VirtualMachine | undefined;
  try {
    writePrograms(folder.path, run.programs);
    machine = await VirtualMachine.boot(image);
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    console.log(`kernel ${run.kernel}: ${machine.release} is up after ${seconds} s`);
    const budgetStatus = await loadPrograms(machine, folder.path, run);
    const testStatus = run.isUpdate ? 0 : await runTasks(machine, run);
    const used = machine.processorSeconds().toFixed(0);
    const passed = ((Date.now() - started) / 1000).toFixed(0);
    console.log(`kernel ${run.kernel}: ${passed} s, ${used} s of processor time`);
    return testStatus || budgetStatus;
  } finally {
    await machine?.powerOff();
    folder.remove();
  }
}

async function loadPrograms(
  machine: VirtualMachine,
  folder: string,
  { programs, isUpdate }: GuestRun,
): Promise<number> {
  let output = '';
  const command = guestCommand('load-main.js', [folder]);
  const status = await machine.run(command, timeouts.load, (text) => {
    output += text;
  });
  if (status !== 0) {
    console.log(`FAIL programs on ${machine.release}: exit status ${status}\n${output}`);
    return status;
  }
  const sizes = JSON.parse(output) as ProgramSize[];
  const failures = checkBudgets(machine.release, { programs, sizes, isUpdate });
  for (const failure of failures) console.log(`FAIL budget: ${failure}`);
  const loaded = sizes.flatMap(({ verified }) => verified ?? []);
  const walked = Math.max(...loaded);
  const share = `${loaded.length} of ${programs.length} programs`;
  const what = `${share} load, at most ${walked} instructions verified`;
  console.log(`${failures.length > 0 ? 'FAIL' : 'ok  '} ${what}`);
  return failures.length > 0 ? 1 : 0;
}

function runTasks(
  machine: VirtualMachine,
  { testParameters, benchCases }: GuestRun,
): Promise<number> {
  const command =
    benchCases.length > 0
      ? guestCommand(BENCH_MAIN, benchCases)
      : guestCommand('tests-main.js', ['--together', ...testParameters]);
  return machine.run(command, timeouts.tests, (text) => {
    process.stdout.write(text);
  });
}

function guestCommand(main: string, parameters: readonly string[]) {
  return {
    words: [process.execPath, resolve(import.meta.dirname, main), ...parameters],
    directory: projectRoot,
    environment: { SKEP_TIME_SCALE: TIME_SCALE },
  };
}
