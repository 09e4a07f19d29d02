/**
 * A lab: endpoints in network namespaces with real servers, an agent of its own, policies in force.
 * All of it is in namespaces that the lab has made; nothing else on the machine is touched.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentClient, type EndpointView } from '@skep/agent';
import { createNamespace, listNamespaces, Network } from '@skep/netlink';
import { namedNamespacePath } from '@skep/sys';
import type { LabEndpoint, LabSpec } from './lab-file.ts';
import { LabRecord } from './lab-record.ts';
import { type ProbeResult, type ResolvedProbe, resolveProbes } from './probe.ts';
import { readText } from './read-text.ts';
import { Workload } from './workload.ts';

const AGENT_MAIN = fileURLToPath(new URL('./agent-main.js', import.meta.url));
/** An answer on one machine takes a millisecond; a dropped packet never answers. */
const PROBE_TIMEOUT_MILLISECONDS = 700;

/** How a lab is brought up. */
export interface LabOptions {
  /** Policy files are relative to this folder. */
  readonly baseDirectory: string;
  /** Takes a lab of the name away first, although whoever brought it up is alive. */
  readonly isReplacing?: boolean;
  /** Aborted, it ends the bringing up: what was made by then is taken away again. */
  readonly signal?: AbortSignal;
  /** Told what is being done. */
  readonly onProgress?: (step: string) => void;
}

/** A namespace that is there already: another lab's, or not a lab's at all. */
export class NamespaceTakenError extends Error {
  readonly code = 'ERR_LAB_NAMESPACE_TAKEN';
  constructor(name: string) {
    super(`make network namespace ${name}: it is there already (\`ip netns delete ${name}\`)`);
  }
}

/** Somebody did not want to wait until the lab was up. */
export class LabInterruptedError extends Error {
  readonly code = 'ERR_LAB_INTERRUPTED';
  constructor(name: string) {
    super(`bring up lab ${name}: interrupted (nothing of it is left)`);
  }
}

/** A lab of the name is up, and whoever brought it up is alive. */
export class LabInUseError extends Error {
  readonly code = 'ERR_LAB_IN_USE';
  constructor(name: string) {
    super(`bring up lab ${name}: it is up already (\`skep lab down ${name}\`, or --replace)`);
  }
}

/** A lab that is up; `down` takes away all that it has made. */
export class Lab {
  private readonly workloads = new Map<string, Workload>();
  private agentProcess: ChildProcess | undefined;

  private constructor(
    readonly spec: LabSpec,
    private readonly record: LabRecord,
    readonly agent: AgentClient,
  ) {}

  /**
   * Brings a lab up; what an earlier one of the name has left is taken away first.
   *
   * @throws LabInUseError, and what making its parts throws; nothing is left behind then
   */
  static async up(spec: LabSpec, options: LabOptions): Promise<Lab> {
    const left = LabRecord.read(spec.name);
    if (left?.isOwned && !options.isReplacing) throw new LabInUseError(spec.name);
    const progress = (step: string): void => {
      if (options.signal?.aborted) throw new LabInterruptedError(spec.name);
      options.onProgress?.(step);
    };
    if (left) {
      progress('taking away what an earlier run has left');
      await left.end();
    }
    const record = LabRecord.create(spec.name);
    if (!record) throw new LabInUseError(spec.name);
    const lab = new Lab(spec, record, new AgentClient(record.socket));
    try {
      progress('starting the agent: loading programs into the kernel');
      await lab.startAgent();
      for (const endpoint of spec.endpoints) {
        progress(`endpoint ${endpoint.namespace}/${endpoint.name}`);
        await lab.addEndpoint(endpoint);
      }
      for (const file of spec.policies) {
        progress(`policies of ${file}`);
        await lab.agent.applyPolicies(readText(resolve(options.baseDirectory, file)), file);
      }
      if (options.signal?.aborted) throw new LabInterruptedError(spec.name);
      return lab;
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  /** Where the lab's agent can be asked. */
  get socketPath(): string {
    return this.record.socket;
  }

  /** All probes, side by side. */
  async probeAll(): Promise<ProbeResult[]> {
    return Promise.all(resolveProbes(this.spec).map((probe) => this.probe(probe)));
  }

  async probe(probe: ResolvedProbe): Promise<ProbeResult> {
    const workload = this.workloads.get(probe.from);
    if (!workload) throw new Error(`probe from ${probe.from}: it is not up`);
    const { kind, port } = probe.server;
    const { targetAddress, family } = probe;
    const outcome = await workload.probe(kind, targetAddress, port, PROBE_TIMEOUT_MILLISECONDS);
    const seen = outcome === 'silent' ? 'dropped' : 'allowed';
    return { ...probe, seen, detail: `${outcome}, IPv${family}` };
  }

  /** Takes everything away; what is gone already is no error. */
  async down(): Promise<void> {
    for (const workload of this.workloads.values()) await workload.stop();
    this.workloads.clear();
    const { agentProcess } = this;
    if (agentProcess && agentProcess.exitCode === null && agentProcess.signalCode === null) {
      const gone = new Promise((resolve) => agentProcess.once('exit', resolve));
      await this.agent.uninstall().catch(() => agentProcess.kill('SIGKILL'));
      await gone;
    }
    this.agent.close();
    this.record.remove();
  }

  /** A namespace that the record knows before it exists. */
  private makeNamespace(suffix: string): string {
    const name = `skep-${this.spec.name}-${suffix}`;
    if (listNamespaces().includes(name)) throw new NamespaceTakenError(name);
    this.record.addNamespace(name);
    createNamespace(name);
    return namedNamespacePath(name);
  }

  private async startAgent(): Promise<void> {
    const namespace = this.makeNamespace('node');
    const network = new Network(namespace);
    network.links.set('lo', { isUp: true });
    network.close();
    const { state, bpffs, socket } = this.record;
    const child = fork(AGENT_MAIN, [state, bpffs, socket, namespace], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.agentProcess = child;
    this.record.addProcess(child.pid!);
    let log = '';
    child.stderr?.on('data', (text) => {
      log = `${log}${text}`.slice(-2000);
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error(`start agent: it ended: ${log.trim()}`)));
    });
  }

  private async addEndpoint(endpoint: LabEndpoint): Promise<EndpointView> {
    const path = this.makeNamespace(endpoint.name);
    const { name, namespace, labels, ipv4, ipv6, serves } = endpoint;
    const view = await this.agent.addEndpoint({
      name,
      namespace,
      labels,
      namespaceLabels: this.spec.namespaces[namespace] ?? {},
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
      networkNamespace: path,
      namedPorts: serves.map(({ name: port, protocol, port: number }) => {
        return { name: port, protocol, port: number };
      }),
    });
    const workload = Workload.start(name, path);
    this.record.addProcess(workload.pid);
    this.workloads.set(name, workload);
    await workload.serve(serves);
    return view;
  }
}
