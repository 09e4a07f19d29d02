/** Real TCP traffic between two network namespaces, by a process in each. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Fd, inNetworkNamespace } from '@skep/sys';

/** Where the server listens: the port that the policies open. */
export const trafficPort = 443;

/** What a client is asked. */
export interface Measurement {
  /** A round trip on an open connection; or a connection with one round trip. */
  readonly kind: 'request' | 'connection';
  /** Of the server. */
  readonly address: string;
  readonly milliseconds: number;
}

const main = join(import.meta.dirname, 'traffic-main.js');

/** A server and a client. */
export class Traffic {
  readonly #server: ChildProcess;
  readonly #client: ChildProcess;

  private constructor(server: ChildProcess, client: ChildProcess) {
    this.#server = server;
    this.#client = client;
  }

  /** Starts both; a child is born in the namespace that the thread is in. */
  static async start(server: Fd<'namespace'>, client: Fd<'namespace'>): Promise<Traffic> {
    const start = (where: Fd<'namespace'>, role: string): ChildProcess =>
      inNetworkNamespace(where, () => fork(main, [role]));
    const serving = start(server, 'server');
    await once(serving, 'message');
    return new Traffic(serving, start(client, 'client'));
  }

  /** The mean, in microseconds. @throws Error with what went wrong at the client */
  async measure(measurement: Measurement): Promise<number> {
    const answered = once(this.#client, 'message');
    this.#client.send(measurement);
    const [answer] = await answered;
    if (typeof answer !== 'number') throw new Error(String(answer));
    return answer;
  }

  /** Ends both processes. */
  close(): void {
    this.#client.kill('SIGKILL');
    this.#server.kill('SIGKILL');
  }
}
