/** `skep policy test`: runs test files and shows what failed, with the rule that decided. */
import { SimulatedLab } from '@skep/lab';
import { PolicyDocumentError } from '@skep/policy';
import { abortedByInterrupt } from '../interrupt.ts';
import { printJson } from '../output.ts';
import { showProgress } from '../progress.ts';
import { checkLive, clearLeftLabs, runLive } from './live-lab.ts';
import type { PolicyTest } from './policy-test.ts';
import { readPolicyTest } from './read-policy-test.ts';
import { formatReport, formatTotal, toJson } from './report.ts';
import { isAsExpected, runPolicyTest, type TestVerdict } from './run-test.ts';

/** Options of the command. */
export interface PolicyTestOptions {
  readonly json?: boolean;
  readonly live?: boolean;
}

/** Exit status 1 when a probe goes another way than its file expects. */
export async function runPolicyTests(
  files: readonly string[],
  { json = false, live = false }: PolicyTestOptions,
): Promise<void> {
  const tests = readAll(files);
  const run = live ? await prepareLive(tests) : runOnMachine;
  const reports = [];
  for (const test of tests) {
    const report = { test, verdicts: await run(test) };
    reports.push(report);
    if (!json) process.stdout.write(formatReport(report, live));
  }
  if (json) printJson(reports.map((report) => toJson(report, live)));
  else if (reports.length > 1) process.stdout.write(formatTotal(reports));
  if (!reports.every(({ verdicts }) => verdicts.every(isAsExpected))) process.exitCode = 1;
}

/** What is wrong with any of them is told at once, and nothing is run then. */
function readAll(files: readonly string[]): PolicyTest[] {
  const problems = [];
  const tests = [];
  for (const file of files) {
    try {
      tests.push(readPolicyTest(file));
    } catch (error) {
      if (!(error instanceof PolicyDocumentError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new PolicyDocumentError(problems);
  return tests;
}

type Runner = (test: PolicyTest) => Promise<TestVerdict[]>;

const runOnMachine: Runner = (test) => runPolicyTest(test, { lab: new SimulatedLab(test.host) });

async function prepareLive(tests: readonly PolicyTest[]): Promise<Runner> {
  checkLive(tests);
  const signal = abortedByInterrupt();
  // Standard output is for the report; progress is for whoever waits at a terminal.
  const { step } = showProgress(process.stderr);
  const onProgress = (text: string): void => {
    if (process.stderr.isTTY) step(text);
  };
  await clearLeftLabs(onProgress);
  return (test) => runLive(test, { signal, onProgress });
}
