/** Real TCP between two network namespaces: a server that stays, a client for each sample. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fd, inNetworkNamespace } from '@skep/sys';
import { buildC } from './clang.ts';

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

/** Of one exchange, in microseconds. */
export interface Timing {
  readonly mean: number;
  readonly median: number;
  readonly p99: number;
}

const nanosecondsPerMicrosecond = 1000;

/** A server and clients, by bench/c/traffic.c: what is measured is the path, not an engine. */
export class Traffic {
  private constructor(
    private readonly folder: string,
    private readonly client: Fd<'namespace'> | string,
    private readonly server: ChildProcess,
  ) {}

  /** A child is born in the namespace that the thread is in. @throws Error without clang */
  static async start(
    server: Fd<'namespace'> | string,
    client: Fd<'namespace'> | string,
  ): Promise<Traffic> {
    const folder = mkdtempSync(join(tmpdir(), 'skep-bench-traffic-'));
    buildC('traffic', join(folder, 'traffic'));
    const parameters = ['serve', String(trafficPort)];
    const child = inNetworkNamespace(server, () => spawn(join(folder, 'traffic'), parameters));
    await hasSpoken(child);
    return new Traffic(folder, client, child);
  }

  /** @throws Error with what went wrong at the client */
  measure({ kind, address, milliseconds }: Measurement): Timing {
    const parameters = [kind, address, String(trafficPort), String(milliseconds)];
    const options = { encoding: 'utf8', timeout: 10 * milliseconds + 5000 } as const;
    const text = inNetworkNamespace(this.client, () =>
      execFileSync(join(this.folder, 'traffic'), parameters, options),
    );
    const [count, elapsed, median, p99] = text.split(' ').map(Number) as number[];
    return {
      mean: elapsed! / count! / nanosecondsPerMicrosecond,
      median: median! / nanosecondsPerMicrosecond,
      p99: p99! / nanosecondsPerMicrosecond,
    };
  }

  /** Ends the server. */
  close(): void {
    this.server.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A server says something when it listens. @throws Error when it ends before */
export function hasSpoken(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout!.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`server: ended with status ${status}`)));
  });
}
