/** Runs skep as a user does: a process of its own, whose output is no terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** How a skep ended, and what it printed until then. */
export interface Run {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A skep that goes on until it is told to stop. */
export class RunningSkep {
  private readonly child: ChildProcess;
  private output = '';
  private errors = '';
  readonly ended: Promise<Run>;

  constructor(words: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, ...words], { cwd: ROOT });
    this.child.stdout!.on('data', (text) => {
      this.output += text;
    });
    this.child.stderr!.on('data', (text) => {
      this.errors += text;
    });
    this.ended = once(this.child, 'close').then(([status]) => {
      return { status, output: this.output, errors: this.errors };
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Returns when its output has the text. @throws Error when it ends before */
  async until(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      const more = once(this.child.stdout!, 'data').then(() => undefined);
      const end = await Promise.race([more, this.ended]);
      if (end) throw new Error(`skep ended before '${text}': ${end.output}${end.errors}`);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Runs it to its end, in the project's folder. */
export function runSkep(...words: readonly string[]): Promise<Run> {
  return new RunningSkep(words).ended;
}
