/** How much TCP moves between two network namespaces, by iperf3. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { inNetworkNamespace } from '@skep/sys';
import { hasSpoken, trafficPort } from './traffic.ts';

const bitsPerGigabit = 1e9;

/** Whether it is installed. */
export function hasIperf(): boolean {
  return spawnSync('iperf3', ['--version']).status === 0;
}

/** A server, and clients that come one after the other. */
export class Throughput {
  private constructor(
    private readonly server: ChildProcess,
    private readonly client: string,
  ) {}

  /** @param client path of its network namespace, as of the server's */
  static async start(server: string, client: string): Promise<Throughput> {
    const parameters = ['-s', '-p', String(trafficPort), '--forceflush'];
    const child = inNetworkNamespace(server, () => spawn('iperf3', parameters));
    await hasSpoken(child);
    return new Throughput(child, client);
  }

  /**
   * In Gbit/s, as the receiver counts it.
   *
   * @param address of the server
   */
  measure(address: string, bytes: number, direction: 'forth' | 'back' = 'forth'): number {
    const parameters = ['-c', address, '-p', String(trafficPort), '-n', String(bytes), '-J'];
    if (direction === 'back') parameters.push('-R');
    const run = () => spawnSync('iperf3', parameters, { encoding: 'utf8', timeout: 30_000 });
    const { stdout } = inNetworkNamespace(this.client, run);
    const found = JSON.parse(stdout) as {
      end?: { sum_received?: { bits_per_second: number } };
      error?: string;
    };
    const bits = found.end?.sum_received?.bits_per_second;
    if (bits === undefined) throw new Error(`iperf3 -c ${address}: ${found.error ?? stdout}`);
    return bits / bitsPerGigabit;
  }

  /** Ends the server. */
  close(): void {
    this.server.kill('SIGKILL');
  }
}
