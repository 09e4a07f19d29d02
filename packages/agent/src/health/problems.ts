/** What has gone wrong while the agent ran, and stays worth knowing until it is started again. */
import type { Tell } from '../telemetry/occurrence.ts';

/** Sentences with advice, `what is wrong (what to do)`, each once. */
export class Problems implements Iterable<string> {
  /** With the endpoint that has it, where only one does. */
  private readonly texts = new Map<string, number | undefined>();

  constructor(private readonly tell: Tell) {}

  /** One that is known already is not told again. */
  push(problem: string, endpointId?: number): void {
    if (this.texts.has(problem)) return;
    this.texts.set(problem, endpointId);
    this.tell({ kind: 'problem', problem });
  }

  /** What was wrong with an endpoint that goes is nobody's problem any more. */
  forgetEndpoint(id: number): void {
    for (const [problem, endpointId] of this.texts) {
      if (endpointId === id) this.texts.delete(problem);
    }
  }

  [Symbol.iterator](): Iterator<string> {
    return this.texts.keys();
  }
}
