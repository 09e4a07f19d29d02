/** What has gone wrong while the agent ran, and is worth knowing. */
import type { Tell } from '../telemetry/occurrence.ts';

/** What is still so by then has been mentioned anew. */
const MENTION_MILLISECONDS = 600_000;

/** Sentences with advice, `what is wrong (what to do)`, each once. */
export class Problems implements Iterable<string> {
  /** With the endpoint that has it, where only one does. */
  private readonly lasting = new Map<string, number | undefined>();
  private readonly mentioned = new Map<string, { problem: string; until: number }>();

  /** @param now milliseconds of a clock that nobody sets */
  constructor(
    private readonly tell: Tell,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** For as long as the agent runs, or the endpoint is there. What is known is not told again. */
  push(problem: string, endpointId?: number): void {
    if (this.lasting.has(problem)) return;
    this.lasting.set(problem, endpointId);
    this.tell({ kind: 'problem', problem });
  }

  /** What was wrong with an endpoint that goes is nobody's problem any more. */
  forgetEndpoint(id: number): void {
    for (const [problem, endpointId] of this.lasting) {
      if (endpointId === id) this.lasting.delete(problem);
    }
  }

  /**
   * For a while: what has been put right, or is tried again all the time.
   *
   * @param subject of which what was mentioned before is out of date
   */
  mention(subject: string, problem: string): void {
    const isKnown = this.mentioned.get(subject)?.problem === problem;
    this.mentioned.set(subject, { problem, until: this.now() + MENTION_MILLISECONDS });
    if (!isKnown) this.tell({ kind: 'problem', problem });
  }

  /** What was mentioned of a subject has been put right. */
  settle(subject: string): void {
    this.mentioned.delete(subject);
  }

  *[Symbol.iterator](): Iterator<string> {
    yield* this.lasting.keys();
    for (const [subject, { problem, until }] of this.mentioned) {
      if (this.now() < until) yield problem;
      else this.mentioned.delete(subject);
    }
  }
}
