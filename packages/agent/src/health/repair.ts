/** What somebody takes from an agent while it runs is put back, and mentioned. */
import { REPAIR_SECONDS } from '@skep/contract';
import type { Node } from '../node/node.ts';
import { firstOf } from './first-of.ts';
import { ProgramWatch } from './program-watch.ts';

type Parts = Pick<Node, 'memory' | 'originals' | 'network' | 'kernel' | 'problems'>;

/** Looks at once, and then every few seconds until it is closed. */
export class Repair {
  private readonly programs: ProgramWatch;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly node: Parts) {
    this.programs = new ProgramWatch(node);
    this.programs.check(Infinity);
    this.timer = setInterval(() => this.putBack(), REPAIR_SECONDS * 1000).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** What the next agent finds: also the last thing that one does which is told to end. */
  putBackStored(): void {
    this.putBackPins();
    this.putBackState(this.node.memory);
    this.putBackState(this.node.originals);
  }

  /** Pins before programs, which are attached by them. */
  private putBack(): void {
    this.putBackStored();
    this.programs.check();
  }

  private putBackPins(): void {
    const { kernel, problems } = this.node;
    try {
      const gone = kernel.restorePins();
      if (gone.length === 0) return;
      const when = new Date().toISOString();
      const found = `somebody has removed the pins ${firstOf(gone)}`;
      problems.mention('pins', `${found}: they were made again at ${when}`);
    } catch (error) {
      const found = 'pins are gone, and what they keep ends with this process';
      problems.mention('pins', `${found}: ${String(error)}`);
    }
  }

  private putBackState(file: Pick<Node['memory'], 'path' | 'putBack'>): void {
    const { problems } = this.node;
    try {
      if (!file.putBack()) return;
      const when = new Date().toISOString();
      const found = `somebody has taken ${file.path} away, or changed it`;
      problems.mention('state', `${found}: it was written anew at ${when}`);
    } catch (error) {
      const found = 'what is remembered is gone, and the next start will not find it';
      problems.mention('state', `${found}: ${String(error)}`);
    }
  }
}
