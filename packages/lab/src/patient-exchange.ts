/** One exchange with real packets, on a machine that may be busy. */
import type { FlowView } from '@skep/agent';
import type { Answer } from './lab-api.ts';
import type { ProbeOutcome } from './workload-protocol.ts';

/** An answer on one machine takes a millisecond; a dropped packet never answers. */
const USUAL_MILLISECONDS = 700;
/** On a busy machine it may take until TCP has asked again, after 1 s, and once more, after 3. */
const PATIENT_MILLISECONDS = 4000;

/** How an exchange is made, and what is told of it. */
export interface ExchangeSteps {
  readonly ask: (timeoutMilliseconds: number) => Promise<ProbeOutcome>;
  /** What the datapath reports to have dropped of it. */
  readonly findDrop: () => Promise<FlowView | undefined>;
}

/**
 * An answer, or a refusal by the other end's own stack, is `allowed`; silence is `dropped`. Silence
 * that no report explains is asked once more, with more time: nothing says that it was a drop.
 */
export async function exchangePatiently({ ask, findDrop }: ExchangeSteps): Promise<Answer> {
  let outcome = await ask(USUAL_MILLISECONDS);
  if (hasPassed(outcome)) return { seen: 'allowed', detail: outcome };
  let flow = await findDrop();
  if (outcome === 'silent' && !flow) {
    outcome = await ask(PATIENT_MILLISECONDS);
    if (hasPassed(outcome)) return { seen: 'allowed', detail: outcome };
    flow = await findDrop();
  }
  return { seen: 'dropped', detail: outcome, ...(flow && { flow }) };
}

function hasPassed(outcome: ProbeOutcome): boolean {
  return outcome === 'answered' || outcome === 'refused';
}
