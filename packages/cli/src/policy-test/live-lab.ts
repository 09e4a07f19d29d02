/** A lab with a kernel for one policy test: made, used, and taken away whatever happens. */
import { dirname } from 'node:path';
import { canUseBpf } from '@skep/bpf';
import { HOST_NAME, Lab, LabRecord, listLabs, SimulatedLab, whyUntriable } from '@skep/lab';
import { type DocumentProblem, formatPath, PolicyDocumentError } from '@skep/policy';
import { CommandError } from '../output.ts';
import type { PolicyTest } from './policy-test.ts';
import { runPolicyTest, type TestVerdict } from './run-test.ts';

/** With a dot, as no lab file may call its lab. */
const NAME_PREFIX = 'test.';

/** How a test is tried live. */
export interface LiveOptions {
  readonly signal: AbortSignal;
  /** Told what is being done. */
  readonly onProgress: (step: string) => void;
}

/**
 * Refuses what cannot be tried here, before anything is made.
 *
 * @throws CommandError without the rights; PolicyDocumentError with a line for each probe
 */
export function checkLive(tests: readonly PolicyTest[]): void {
  const reason = canUseBpf();
  if (reason !== undefined) {
    const advice = 'without --live no rights are needed';
    throw new CommandError(`try policy tests live: ${reason} (${advice})`);
  }
  const problems = tests.flatMap(({ host, stages }) =>
    stages.flatMap(({ probes }) =>
      probes.flatMap(({ from, to, path, position, question, exchanges }): DocumentProblem[] => {
        const isHosts = host !== undefined && (from === HOST_NAME || to === HOST_NAME);
        const causes = isHosts
          ? ['the node of a lab has other addresses than the one of a test']
          : exchanges.flatMap((exchange) => whyUntriable(exchange) ?? []);
        if (causes.length === 0) return [];
        const detail = `${question} cannot be tried live: ${causes[0]}`;
        return [{ ...position, path: formatPath(path), detail }];
      }),
    ),
  );
  if (problems.length > 0) throw new PolicyDocumentError(problems);
}

/** Takes away labs of earlier runs whose process is gone, such as one that was killed. */
export async function clearLeftLabs(onProgress: (step: string) => void): Promise<void> {
  for (const name of listLabs().filter((each) => each.startsWith(NAME_PREFIX))) {
    const record = LabRecord.read(name);
    if (!record || record.isOwned) continue;
    onProgress(`taking away what an earlier run has left: ${name}`);
    await record.end();
  }
}

/**
 * Runs one test with real packets, and the same on the machine beside it.
 *
 * @throws CommandError when it is interrupted; nothing is left behind then
 */
export async function runLive(test: PolicyTest, options: LiveOptions): Promise<TestVerdict[]> {
  const { signal, onProgress } = options;
  const name = `${NAME_PREFIX}${process.pid}`;
  const lab = await Lab.up(
    { name, namespaces: {}, endpoints: [], policies: [], probes: [] },
    { baseDirectory: dirname(test.file), outside: test.outside, signal, onProgress },
  );
  try {
    const verdicts = await runPolicyTest(test, {
      lab,
      reference: new SimulatedLab(test.host),
      signal,
      onStage: (stage) => onProgress(stage.name === '' ? 'first probes' : `step '${stage.name}'`),
    });
    if (signal.aborted) {
      throw new CommandError(`test ${test.file}: interrupted (nothing of it is left)`);
    }
    return verdicts;
  } finally {
    await lab.down();
  }
}
