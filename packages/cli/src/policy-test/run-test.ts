/** Walks through the stages of a policy test in a lab, and asks what its probes ask. */
import type { ExplainView } from '@skep/agent';
import type { Answer, Exchange, LabApi } from '@skep/lab';
import type { PolicyTest, TestProbe, TestStage } from './policy-test.ts';

/** What became of one probe over one family, and why. */
export interface TestVerdict {
  /** Name of the step; empty for the file's own probes. */
  readonly step: string;
  readonly probe: TestProbe;
  readonly exchange: Exchange;
  readonly seen: 'allow' | 'deny';
  /** What the packet met, in a few words. */
  readonly detail: string;
  /** What the machine decides; where `seen` was seen on the wire. */
  readonly decided?: 'allow' | 'deny';
  readonly explanation: ExplainView;
}

/** Where a test is run. */
export interface TestRun {
  readonly lab: LabApi;
  /** Decides the same; where it is another verdict than the lab's, the probe fails. */
  readonly reference?: LabApi;
  /** Aborted, nothing more is asked. */
  readonly signal?: AbortSignal;
  readonly onStage?: (stage: TestStage) => void;
}

/** Exchanges under way at a time: more of them would wait for each other's processes. */
const SIDE_BY_SIDE_MAX = 32;

/** All verdicts, in the order of the file. */
export async function runPolicyTest(test: PolicyTest, run: TestRun): Promise<TestVerdict[]> {
  const verdicts: TestVerdict[] = [];
  for (const stage of test.stages) {
    if (run.signal?.aborted) break;
    run.onStage?.(stage);
    for (const lab of [run.lab, run.reference]) if (lab) await change(lab, stage);
    const asked = stage.probes.flatMap((probe) =>
      probe.exchanges.map((exchange) => ({ step: stage.name, probe, exchange })),
    );
    for (let first = 0; first < asked.length; first += SIDE_BY_SIDE_MAX) {
      const some = asked.slice(first, first + SIDE_BY_SIDE_MAX);
      verdicts.push(...(await Promise.all(some.map((each) => ask(run, each)))));
    }
  }
  return verdicts;
}

/** Whether a probe went as its author expects, and the machine agrees with the wire. */
export function isAsExpected({ probe, seen, decided }: TestVerdict): boolean {
  return probe.expect === seen && !isDisputed({ seen, decided });
}

/** Whether wire and machine differ. */
export function isDisputed({ seen, decided }: Pick<TestVerdict, 'seen' | 'decided'>): boolean {
  return decided !== undefined && decided !== seen;
}

async function change(lab: LabApi, stage: TestStage): Promise<void> {
  for (const name of stage.remove) await lab.removeEndpoint(name);
  for (const endpoint of stage.add) await lab.addEndpoint(endpoint);
  for (const [name, labels] of Object.entries(stage.relabel)) {
    await lab.relabelEndpoint(name, labels);
  }
  for (const { text, file } of stage.apply) await lab.applyPolicies(text, file);
  if (stage.delete.length > 0) await lab.deletePolicies(stage.delete);
}

async function ask(
  { lab, reference }: TestRun,
  asked: Pick<TestVerdict, 'step' | 'probe' | 'exchange'>,
): Promise<TestVerdict> {
  const { exchange } = asked;
  const decided = reference && verdictOf(await reference.exchange(exchange));
  let answer = await lab.exchange(exchange);
  // Silence is what a busy machine does too: where a drop is neither decided nor reported, the wire
  // is asked once more.
  if (decided === 'allow' && verdictOf(answer) === 'deny' && !answer.flow) {
    answer = await lab.exchange(exchange);
  }
  return {
    ...asked,
    seen: verdictOf(answer),
    detail: detailOf(answer),
    ...(decided && { decided }),
    explanation: await lab.explain(exchange),
  };
}

function verdictOf({ seen }: Answer): 'allow' | 'deny' {
  return seen === 'allowed' ? 'allow' : 'deny';
}

function detailOf({ detail, flow }: Answer): string {
  if (!flow) return detail;
  const rules = flow.rules.length === 0 ? '' : ` by ${flow.rules.join(', ')}`;
  return `${detail}; the kernel dropped it: ${flow.reason}${rules}`;
}
