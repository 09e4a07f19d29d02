/** Programs in containers that are talked to line by line, all through the churn. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

const PATIENCE_MILLISECONDS = 30_000;

/** A shell that runs questions side by side, and says to which one an answer belongs. */
export class Asker {
  private readonly waiting = new Map<number, (answer: string) => void>();
  private questions = 0;

  constructor(private readonly shell: ChildProcessWithoutNullStreams) {
    shell.stdin.on('error', () => {});
    createInterface({ input: shell.stdout }).on('line', (line) => {
      const [, number, answer] = /^answer (\d+) (.*)$/.exec(line) ?? [];
      this.waiting.get(Number(number))?.(answer!);
    });
  }

  /** The first line that the server says; empty where it does not answer in time. */
  ask(address: string, port: number, seconds: number): Promise<string> {
    const number = ++this.questions;
    const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w ${seconds} ${address} ${port}`;
    this.shell.stdin.write(`(said=$(${ask} | head -n 1); echo "answer ${number} $said") &\n`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the shell that asks ${address} port ${port} says nothing`));
      }, PATIENCE_MILLISECONDS);
      this.waiting.set(number, (answer) => {
        clearTimeout(timer);
        this.waiting.delete(number);
        resolve(answer);
      });
    });
  }

  end(): void {
    this.shell.kill('SIGKILL');
  }
}

/** One TCP connection with an echo at its other end, in use all the time. */
export class SteadyFlow {
  exchanged = 0;
  longestMilliseconds = 0;
  /** Why it is no more. */
  failure: string | undefined;
  private isOver = false;
  private sentAt = performance.now();

  constructor(
    private readonly netcat: ChildProcessWithoutNullStreams,
    private readonly pauseMilliseconds = 20,
  ) {
    netcat.stdin.on('error', () => {});
    netcat.once('exit', (status) => {
      if (!this.isOver) this.failure = `the connection has ended: status ${status}`;
    });
    createInterface({ input: netcat.stdout }).on('line', (line) => this.hear(line));
    this.say();
  }

  /** Milliseconds since the line was sent that is not answered yet. */
  get silenceMilliseconds(): number {
    return performance.now() - this.sentAt;
  }

  end(): void {
    this.isOver = true;
    this.netcat.kill('SIGKILL');
  }

  private say(): void {
    if (this.isOver) return;
    this.sentAt = performance.now();
    this.netcat.stdin.write(`line ${this.exchanged}\n`);
  }

  private hear(line: string): void {
    if (line !== `line ${this.exchanged}`) this.failure ??= `heard '${line}'`;
    this.longestMilliseconds = Math.max(this.longestMilliseconds, this.silenceMilliseconds);
    this.exchanged++;
    setTimeout(() => this.say(), this.pauseMilliseconds);
  }
}
