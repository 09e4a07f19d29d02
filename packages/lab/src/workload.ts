/** A process inside an endpoint's network namespace, as the lab sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inNetworkNamespace } from '@skep/sys';
import type {
  ProbeOutcome,
  ProbeTarget,
  WorkloadRequest,
  WorkloadResponse,
  WorkloadServer,
} from './workload-protocol.ts';

const MAIN = fileURLToPath(new URL('./workload-main.js', import.meta.url));

/** A request without its number. */
type Ask = WorkloadRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

/** What a workload could not do, in its own words. */
export class WorkloadError extends Error {
  readonly code = 'ERR_WORKLOAD';
  constructor(endpoint: string, cause: string) {
    super(`workload ${endpoint}: ${cause}`);
  }
}

/** One process with servers and clients; it is killed by `stop`, or ends with the lab's. */
export class Workload {
  private nextId = 1;
  private readonly waiting = new Map<number, (response: WorkloadResponse) => void>();

  private constructor(
    readonly endpoint: string,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (response: WorkloadResponse) => {
      this.waiting.get(response.id)?.(response);
      this.waiting.delete(response.id);
    });
    child.on('exit', (code, signal) => this.fail(`ended by ${signal ?? `status ${code}`}`));
    child.on('error', (error) => this.fail(error.message));
  }

  /**
   * Starts the process; a child is born in the namespace that the thread is in. It has a process
   * group of its own, so that Ctrl-C ends it by way of the lab and not in the middle of a probe.
   */
  static start(endpoint: string, namespacePath: string): Workload {
    const child = inNetworkNamespace(namespacePath, () => fork(MAIN, { detached: true }));
    return new Workload(endpoint, child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Returns when all of them listen. @throws WorkloadError */
  async serve(servers: readonly WorkloadServer[]): Promise<void> {
    await this.ask({ do: 'serve', servers });
  }

  /** One exchange with a server. @throws WorkloadError when the probe itself could not be made */
  async probe(target: ProbeTarget): Promise<ProbeOutcome> {
    return (await this.ask({ do: 'probe', target })).outcome as ProbeOutcome;
  }

  /** Returns when the process is gone. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }

  private ask(request: Ask): Promise<WorkloadResponse> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      if (!this.child.connected) {
        reject(new WorkloadError(this.endpoint, 'its process has ended'));
        return;
      }
      this.waiting.set(id, (response) => {
        if (response.outcome !== 'failed') resolve(response);
        else reject(new WorkloadError(this.endpoint, response.message));
      });
      this.child.send({ id, ...request });
    });
  }

  private fail(message: string): void {
    for (const [id, settle] of this.waiting) settle({ id, outcome: 'failed', message });
    this.waiting.clear();
  }
}
