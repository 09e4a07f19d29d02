/**
 * A lab: endpoints in network namespaces with real servers, an agent of its own, policies in force.
 * All of it is in namespaces that the lab has made; nothing else on the machine is touched.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentClient, type ExplainView, type FlowView } from '@skep/agent';
import { createNamespace, deleteNamespace, listNamespaces, Network, Settings } from '@skep/netlink';
import { namedNamespacePath } from '@skep/sys';
import { parseAddress } from '@skep/wire';
import {
  type Answer,
  type Exchange,
  explainRequestOf,
  type LabApi,
  type NewEndpoint,
  type OutsideHost,
  protocolOf,
} from './lab-api.ts';
import {
  LabInterruptedError,
  LabInUseError,
  NamespaceTakenError,
  ResidentMissingError,
} from './lab-errors.ts';
import { NODE, WORLD } from './fields.ts';
import { endpointOf, type LabSpec } from './lab-file.ts';
import { labNamespace, LabRecord } from './lab-record.ts';
import { exchangePatiently } from './patient-exchange.ts';
import { type ProbeResult, type ResolvedProbe, resolveProbes } from './probe.ts';
import { readText } from './read-text.ts';
import { Resident } from './resident.ts';
import { connectWorld } from './world.ts';

const AGENT_MAIN = fileURLToPath(new URL('./agent-main.js', import.meta.url));
/** The datapath's clock is coarse: a record may be this much older than it says. */
const CLOCK_MILLISECONDS = 20;

/** How a lab is brought up. */
export interface LabOptions {
  /** Policy files are relative to this folder. */
  readonly baseDirectory: string;
  /** What is outside the cluster; nothing where absent. */
  readonly outside?: readonly OutsideHost[];
  /** Takes a lab of the name away first, although whoever brought it up is alive. */
  readonly isReplacing?: boolean;
  /**
   * Aborted, it ends the bringing up: what was made by then is taken away again. Whoever aborts it
   * later takes the lab away.
   */
  readonly signal?: AbortSignal;
  /** Told what is being done. */
  readonly onProgress?: (step: string) => void;
}

/** A lab that is up; `down` takes away all that it has made. */
export class Lab implements LabApi {
  /** By the names of endpoints, and of hosts outside, who all live in one process. */
  private readonly residents = new Map<string, Resident>();
  /** `namespace/name` by name. */
  private readonly endpoints = new Map<string, string>();
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
    if (left?.isOwned && !left.isEnding && !options.isReplacing) throw new LabInUseError(spec.name);
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
    options.signal?.addEventListener('abort', () => record.announceEnd(), { once: true });
    const lab = new Lab(spec, record, new AgentClient(record.socket));
    try {
      progress('starting the agent: loading programs into the kernel');
      await lab.startAgent();
      lab.addWorld(options.outside ?? []);
      for (const endpoint of spec.endpoints) {
        progress(`endpoint ${endpoint.namespace}/${endpoint.name}`);
        await lab.addEndpoint(endpointOf(spec, endpoint));
        for (const { kind, port, name } of endpoint.serves) {
          await lab.residents.get(endpoint.name)!.serve(kind, port, name);
        }
      }
      for (const file of spec.policies) {
        progress(`policies of ${file}`);
        await lab.applyPolicies(readText(resolve(options.baseDirectory, file)), file);
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
    const { seen, detail } = await this.exchange(probe.exchange);
    return { ...probe, seen, detail: `${detail}, IPv${probe.family}` };
  }

  async addEndpoint(endpoint: NewEndpoint): Promise<void> {
    const { name, namespace } = endpoint;
    const networkNamespace = this.makeNamespace(name);
    await this.agent.addEndpoint({ ...endpoint, networkNamespace });
    this.endpoints.set(name, `${namespace}/${name}`);
    this.residents.set(name, this.populate(name));
  }

  async removeEndpoint(name: string): Promise<void> {
    const resident = this.resident('remove endpoint', name);
    await this.agent.removeEndpoint(this.endpoints.get(name)!);
    await resident.stop();
    this.residents.delete(name);
    this.endpoints.delete(name);
    deleteNamespace(resident.namespaceName);
  }

  async relabelEndpoint(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    await this.agent.relabelEndpoint(this.endpoints.get(name) ?? name, labels);
  }

  async applyPolicies(yaml: string, file: string): Promise<void> {
    // A lab's node is nobody's way in.
    await this.agent.applyPolicies(yaml, file, { isUnconfirmed: true });
  }

  async deletePolicies(keys: readonly string[]): Promise<void> {
    await this.agent.deletePolicies(keys, { isUnconfirmed: true });
  }

  /** One exchange with real packets, and what the datapath reports of it. */
  async exchange(exchange: Exchange): Promise<Answer> {
    const client = this.resident('probe from', exchange.from);
    await this.resident('probe', exchange.to).serve(exchange.kind, exchange.port);
    const start = Date.now();
    return exchangePatiently({
      ask: (timeout) => client.ask(exchange, timeout),
      findDrop: () => this.droppedFlow(exchange, start),
    });
  }

  explain(exchange: Exchange): Promise<ExplainView> {
    return this.agent.explain(explainRequestOf(exchange));
  }

  /** Takes everything away; what is gone already is no error. */
  async down(): Promise<void> {
    for (const resident of this.residents.values()) await resident.stop();
    this.residents.clear();
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
    const name = labNamespace(this.spec.name, suffix);
    if (listNamespaces().includes(name)) throw new NamespaceTakenError(name);
    this.record.addNamespace(name);
    createNamespace(name);
    return namedNamespacePath(name);
  }

  private async startAgent(): Promise<void> {
    const namespace = this.makeNamespace(NODE);
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

  private addWorld(outside: readonly OutsideHost[]): void {
    const addresses = outside.flatMap((host) => host.addresses).map(parseAddress);
    if (addresses.length === 0) return;
    const path = this.makeNamespace(WORLD);
    connectWorld(namedNamespacePath(labNamespace(this.spec.name, NODE)), path, addresses);
    const world = this.populate(WORLD);
    for (const { name } of outside) this.residents.set(name, world);
  }

  /** Starts the process of a namespace. */
  private populate(suffix: string): Resident {
    const name = labNamespace(this.spec.name, suffix);
    // Sockets that ask for echoes are for nobody but these groups; a new namespace has none.
    new Settings(namedNamespacePath(name)).write('ipv4/ping_group_range', '0 0');
    const resident = Resident.start(suffix, name, namedNamespacePath(name));
    this.record.addProcess(resident.pid);
    return resident;
  }

  private resident(operation: string, name: string): Resident {
    const found = this.residents.get(name);
    if (!found) throw new ResidentMissingError(operation, name, this.residents.keys());
    return found;
  }

  /** The newest report of an exchange's first packet having been dropped. */
  private async droppedFlow(exchange: Exchange, since: number): Promise<FlowView | undefined> {
    const { kind, port, source, destination } = exchange;
    const filter = { verdict: 'dropped', protocol: protocolOf(exchange) } as const;
    const wanted = kind === 'icmp' ? filter : { ...filter, port };
    // An agent that is gone tells nothing: the verdict is the wire's.
    const flows = await this.agent.recentFlows(wanted).catch(() => []);
    return flows.findLast(
      (flow) =>
        flow.source.address === source &&
        flow.destination.address === destination &&
        Date.parse(flow.time) >= since - CLOCK_MILLISECONDS,
    );
  }
}
