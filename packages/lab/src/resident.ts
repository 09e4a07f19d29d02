/** Who lives in a lab: an endpoint, or the world, with the process that serves and asks there. */
import type { Exchange, ExchangeKind } from './lab-api.ts';
import { Workload } from './workload.ts';
import type { ProbeOutcome, WorkloadServer } from './workload-protocol.ts';

/** One process in one network namespace; it answers on whatever it is once asked to serve. */
export class Resident {
  private readonly serving = new Map<string, Promise<void>>();

  private constructor(
    readonly namespaceName: string,
    private readonly workload: Workload,
  ) {}

  /** @param namespacePath where the process is born */
  static start(name: string, namespaceName: string, namespacePath: string): Resident {
    return new Resident(namespaceName, Workload.start(name, namespacePath));
  }

  get pid(): number {
    return this.workload.pid;
  }

  /** Returns when it answers; what it serves already is not begun again. @throws WorkloadError */
  serve(kind: ExchangeKind, port: number, name?: string): Promise<void> {
    if (kind === 'icmp') return Promise.resolve();
    const key = `${kind} ${port}`;
    const server: WorkloadServer = { kind, port, ...(name === undefined ? {} : { name }) };
    const started = this.serving.get(key) ?? this.workload.serve([server]);
    this.serving.set(key, started);
    return started;
  }

  /** Asks the destination of an exchange from its source. @throws WorkloadError */
  ask(exchange: Exchange, timeoutMilliseconds: number): Promise<ProbeOutcome> {
    const { kind, port, source, destination: address } = exchange;
    return this.workload.probe({ kind, port, source, address, timeoutMilliseconds });
  }

  /** Returns when its process is gone. */
  stop(): Promise<void> {
    return this.workload.stop();
  }
}
