/** A process inside an endpoint's namespace, as the live tests see it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inNetworkNamespace } from '@skep/sys';
import type { TalkRequest } from './talker.ts';

const MAIN = fileURLToPath(new URL('./talker.js', import.meta.url));

/** Serves, or exchanges lines on one connection; ends with the test. */
export class Talker {
  private readonly child: ChildProcess;

  /** @param namespace path of the network namespace that it is born in */
  constructor(namespace: string) {
    this.child = inNetworkNamespace(namespace, () => fork(MAIN));
  }

  /** What it says when it has done what was asked; one question at a time. */
  ask(request: TalkRequest): Promise<string> {
    return new Promise((resolve) => {
      this.child.once('message', (answer) => resolve(String(answer)));
      this.child.send(request);
    });
  }

  /** What was asked for last has gone on for long enough. */
  interrupt(): void {
    this.child.send({ stop: true } satisfies TalkRequest);
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
