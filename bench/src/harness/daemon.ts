/**
 * A real `skep agent`, a process of its own with maps and programs in the kernel, on a node that is
 * a network namespace.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AgentClient } from '@skep/agent';
import { createNamespace, deleteNamespace } from '@skep/netlink';
import { namePrefix } from './leftovers.ts';

const cli = join(import.meta.dirname, '../../../packages/cli/dist/main.js');
/** So many endpoints have a namespace of their own; those after them share one. */
const namespacesMax = 100;
const kibibytesPerMebibyte = 1024;
const bytesPerMebibyte = 2 ** 20;

/** So that several daemons of one process have names of their own. */
let daemons = 0;

/** The daemon and what it makes; {@link close} takes all of it away. */
export class BenchDaemon {
  /** Of the names of all namespaces that belong to this one. */
  readonly prefix = `${namePrefix()}skep${daemons++}`;
  private readonly directory = mkdtempSync(join(tmpdir(), 'skep-bench-'));
  readonly socketPath = join(this.directory, 'agent.sock');
  readonly client = new AgentClient(this.socketPath);
  private readonly namespaces: string[] = [];
  /** Of the node. */
  readonly namespacePath = this.makeNamespace('node');
  private process: ChildProcess | undefined;
  private endpoints = 0;

  /** @param options of `skep agent`, besides those that say where it keeps things */
  constructor(private readonly options: readonly string[] = []) {}

  async start(): Promise<void> {
    const child = spawn(process.execPath, [
      ...[cli, 'agent', '--namespace', this.namespacePath],
      ...['--state', join(this.directory, 'state'), '--bpffs', join(this.directory, 'bpf')],
      ...['--socket', this.socketPath, ...this.options],
    ]);
    this.process = child;
    let told = '';
    child.stderr!.on('data', (text) => {
      told += text;
    });
    while (!(await this.answers())) {
      if (child.exitCode !== null) throw new Error(`start skep agent: ${told.slice(0, 500)}`);
      await setTimeout(50);
    }
  }

  private answers(): Promise<boolean> {
    return this.client.status().then(
      () => true,
      () => false,
    );
  }

  /**
   * One endpoint more, with a veth of its own, ten with each set of labels, as replicas are.
   *
   * @returns milliseconds from the request to the answer
   */
  async addEndpoint(): Promise<number> {
    const number = ++this.endpoints;
    const isShared = number > namespacesMax;
    const name = isShared ? 'shared' : `endpoint-${number}`;
    const networkNamespace = `/run/netns/${this.prefix}-${name}`;
    if (!this.namespaces.includes(`${this.prefix}-${name}`)) this.makeNamespace(name);
    const start = performance.now();
    await this.client.addEndpoint({
      name: `endpoint-${number}`,
      namespace: 'bench',
      labels: { app: `app-${Math.floor(number / 10)}` },
      ipv4: `10.1.${number >> 8}.${number & 255}`,
      networkNamespace,
      interfaceName: `eth${number}`,
    });
    return performance.now() - start;
  }

  /** Of the whole process. */
  residentMebibytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / kibibytesPerMebibyte;
  }

  /** What the kernel says that the maps take, which is in no process. */
  mapMebibytes(): number {
    const folder = `/proc/${this.pid}/fdinfo`;
    const bytesByMap = new Map<string, number>();
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8');
      const map = /map_id:\s+(\d+)/.exec(text)?.[1];
      const bytes = /memlock:\s+(\d+)/.exec(text)?.[1];
      if (map !== undefined && bytes !== undefined) bytesByMap.set(map, Number(bytes));
    }
    return [...bytesByMap.values()].reduce((sum, bytes) => sum + bytes, 0) / bytesPerMebibyte;
  }

  async close(): Promise<void> {
    const { process: child } = this;
    if (child && child.exitCode === null) {
      const gone = once(child, 'exit');
      await this.client.uninstall().catch(() => child.kill('SIGKILL'));
      await gone;
    }
    this.client.close();
    for (const name of this.namespaces) deleteNamespace(name);
    rmSync(this.directory, { recursive: true, force: true });
  }

  private get pid(): number {
    const pid = this.process?.pid;
    if (pid === undefined) throw new Error('bench daemon: not started');
    return pid;
  }

  private makeNamespace(name: string): string {
    const fullName = `${this.prefix}-${name}`;
    createNamespace(fullName);
    this.namespaces.push(fullName);
    return `/run/netns/${fullName}`;
  }
}
