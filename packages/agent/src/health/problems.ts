/** What has gone wrong while the agent ran, and stays worth knowing until it is started again. */
import type { Tell } from '../telemetry/occurrence.ts';

/** Sentences with advice, `what is wrong (what to do)`, each once. */
export class Problems implements Iterable<string> {
  private readonly texts = new Set<string>();

  constructor(private readonly tell: Tell) {}

  /** One that is known already is not told again. */
  push(problem: string): void {
    if (this.texts.has(problem)) return;
    this.texts.add(problem);
    this.tell({ kind: 'problem', problem });
  }

  [Symbol.iterator](): Iterator<string> {
    return this.texts.values();
  }
}
