/** Who reaches whom, asked all through the churn: each wrong verdict is written down. */
import { setTimeout } from 'node:timers/promises';
import type { Asker } from './conversation.ts';

/** Asks from one container. */
export interface Question {
  readonly from: 'client' | 'stranger';
  readonly to: string;
  readonly address: string;
  readonly port: number;
  readonly isAllowed: boolean;
}

/** Long enough for a machine that is busy; what is refused is not heard of either. */
const ALLOWED_SECONDS = 10;
const PAUSE_MILLISECONDS = 100;
/** A packet that is dropped is sent again after a second. */
const DENIED_SECONDS = 2;

/** Counts the verdicts, and writes down those that were wrong. */
export class Judge {
  allowed = 0;
  denied = 0;

  constructor(
    private readonly askers: Readonly<Record<Question['from'], Asker>>,
    private readonly wrong: string[],
  ) {}

  async ask({ from, to, address, port, isAllowed }: Question): Promise<void> {
    const seconds = isAllowed ? ALLOWED_SECONDS : DENIED_SECONDS;
    const asker = this.askers[from];
    const end = performance.now() + seconds * 1000;
    let answer = await asker.ask(address, port, seconds);
    // Who is allowed may be refused by a server that has only just been started.
    while (isAllowed && answer === '' && performance.now() < end) {
      await setTimeout(PAUSE_MILLISECONDS);
      answer = await asker.ask(address, port, seconds);
    }
    this.judge(isAllowed, answer !== '', `${from} to ${to} (${address} port ${port})`);
  }

  /** One verdict that somebody else has asked for. */
  judge(isAllowed: boolean, isAnswered: boolean, what: string): void {
    if (isAllowed) this.allowed++;
    else this.denied++;
    if (isAllowed === isAnswered) return;
    const said = isAllowed ? 'allowed, but nobody answered' : 'denied, but answered';
    this.wrong.push(`${new Date().toISOString()} ${what}: ${said}`);
  }
}
