/** `npm test`: runs the tests of all parts, a process each, and says what was skipped and why. */
import { release } from 'node:os';
import { run } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { commandLine } from './command-line.ts';
import { projectRoot } from './project.ts';
import { makeBatches } from './test-batches.ts';
import { partName, testFiles, testName } from './test-files.ts';
import { type TestEvent, TestReport } from './test-report.ts';
import { wronglySkipped } from './wrongly-skipped.ts';

/** Two: the machines that the project is developed on have two cores. */
const concurrency = 2;
/** How many times slower than usual this machine is, such as an emulated one. */
const timeScale = Number(process.env.SKEP_TIME_SCALE ?? 1);
/** For one file. A test that hangs must not hang the run. */
const timeoutMilliseconds = 300_000 * timeScale;

/** What `npm test` is told besides the patterns. */
interface TestOptions {
  readonly update?: true;
  readonly verbose?: true;
  readonly nameSkips?: true;
  readonly together?: true;
}

/**
 * `npm test -- [PATTERN...]`.
 *
 * @returns 0 where at least one test ran, none failed, and none was skipped without need.
 */
export async function test(parameters: readonly string[]): Promise<number> {
  const command = commandLine('test', 'the tests of all parts, and why some were skipped')
    .argument('[pattern...]', 'parts of the paths of test files, such as compiler/ir; default: all')
    .option('--update', 'let golden tests write what they expect')
    .option('--verbose', 'each test by name, and what it prints')
    .option('--name-skips', 'name each test that was skipped')
    .option('--together', 'files share processes: less time, worse messages')
    .parse(parameters, { from: 'user' });
  const { update, verbose = false, nameSkips, together } = command.opts<TestOptions>();
  const files = testFiles(projectRoot, command.args);
  if (files.length === 0) {
    console.error(`skep: test ${command.args.join(' ')}: no test file has such a path`);
    return 1;
  }
  if (update) process.env.SKEP_UPDATE = '1';
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps`.trim();
  const started = Date.now();
  const report = await (together ? runTogether : runFiles)(files, verbose);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const summary = report.summaryLines(nameSkips);
  for (const line of [...report.failureLines(), '', ...summary]) console.log(line);
  console.log(`${seconds} s`);
  const hasRights = process.getuid?.() === 0 && canUseBpf() === undefined;
  const unexcused = wronglySkipped(report.skips, hasRights, release());
  for (const name of unexcused) console.log(`skipped for want of what is here: ${name}`);
  const { passed, failed } = report.totals();
  return failed === 0 && passed > 0 && unexcused.length === 0 ? 0 : 1;
}

async function runTogether(files: string[], verbose: boolean): Promise<TestReport> {
  const batches = makeBatches(files, (file) => partName(projectRoot, file));
  try {
    return await runFiles([...batches.files], verbose);
  } finally {
    batches.remove();
  }
}

async function runFiles(files: string[], verbose: boolean): Promise<TestReport> {
  const report = new TestReport((file) => testName(projectRoot, file));
  let current = '';
  const finish = (): void => {
    if (current) console.log(report.fileLine(current));
  };
  const stream = run({ files, concurrency, timeout: timeoutMilliseconds });
  for await (const event of stream as AsyncIterable<TestEvent>) {
    const { type, data } = event;
    if (type === 'test:pass' || type === 'test:fail') {
      const file = data.file ?? data.name ?? '';
      if (file !== current) finish();
      current = file;
      if (verbose) console.log(`     ${type.slice('test:'.length)} ${data.name}`);
    }
    if (verbose && data.message !== undefined) process.stdout.write(`${data.message.trimEnd()}\n`);
    report.add(event);
  }
  finish();
  return report;
}
