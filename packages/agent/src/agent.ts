/** The agent in one process: the node's model, the kernel's tables, the endpoints' devices. */
import { release } from 'node:os';
import { ENDPOINTS_MAX } from '@skep/contract';
import { traffic } from '@skep/datapath';
import { Monitor, Network } from '@skep/netlink';
import { documentKey, parsePolicies } from '@skep/policy';
import { inNetworkNamespace, unmountBpfFileSystem } from '@skep/sys';
import type { AgentApi } from './agent-api.ts';
import {
  createDevice,
  deleteDevice,
  hostInterfaceName,
  openRoutes,
} from './devices/endpoint-device.ts';
import { nodeAddresses } from './devices/node-addresses.ts';
import { explainFlow } from './explain-flow.ts';
import { prepareBpffs } from './kernel/bpffs.ts';
import { KernelDatapath } from './kernel/kernel-datapath.ts';
import type { KernelFeatures } from './kernel/kernel-features.ts';
import { qualifiedName } from './model/endpoint-facts.ts';
import { NodeModel } from './model/node-model.ts';
import {
  endpointView,
  identityViews,
  ipcacheViews,
  policyViews,
  trafficTotals,
} from './node-views.ts';
import { EventPump } from './observe/event-pump.ts';
import { FlowLog } from './observe/flow-log.ts';
import { lockState } from './state/lock.ts';
import { Memory } from './state/memory.ts';
import { Revisions } from './state/revisions.ts';
import { Store, type StoredEndpoint } from './state/store.ts';
import { deviceOf, factsOf, parseStored } from './state/stored.ts';
import { DatapathTables } from './tables/datapath-tables.ts';
import { readInherited } from './tables/inherited.ts';
import type {
  EndpointRequest,
  EndpointView,
  ExplainRequest,
  ExplainView,
  FlowFilter,
  FlowView,
  IdentityView,
  IpcacheView,
  PolicyResult,
  PolicyView,
  StatusView,
} from './views.ts';

/** The version that `skep status` shows. */
export const VERSION = '0.1.0';

/** Where an agent keeps things, and which network it serves. */
export interface AgentOptions {
  /** What it remembers across restarts. */
  readonly stateDirectory: string;
  /** Where it pins: in a BPF file system, which is mounted there if there is none. */
  readonly bpffsDirectory: string;
  /** Path of the node's network namespace. Default: the one that the process is in. */
  readonly networkNamespace?: string;
  /** What it uses of the kernel. Default: what the kernel has. */
  readonly features?: KernelFeatures;
}

/** What an agent is made of. */
interface AgentParts {
  readonly memory: Memory;
  readonly network: Network;
  readonly kernel: KernelDatapath;
  readonly model: NodeModel;
  readonly revisions: Revisions;
  readonly flows: FlowLog;
  readonly pump: EventPump;
  /** What is wrong, for `status`. */
  readonly problems: string[];
  readonly unlock: () => void;
}

/** An endpoint that cannot be made, or is not there. */
export class EndpointError extends Error {
  constructor(
    readonly code: 'ERR_ENDPOINT_EXISTS' | 'ERR_ENDPOINT_LIMIT' | 'ERR_ENDPOINT_MISSING',
    message: string,
  ) {
    super(message);
  }
}

/** The node's one owner of programs, tables and endpoint devices; what it makes outlives it. */
export class Agent implements AgentApi {
  /** Resolves when the agent has been uninstalled: there is nothing left to do then. */
  readonly ended: Promise<void>;
  private readonly startedAt = new Date();
  private isOpen = true;
  private end!: () => void;

  private readonly memory: Memory;
  private readonly network: Network;
  private readonly kernel: KernelDatapath;
  private readonly model: NodeModel;
  private readonly addressWatch: Monitor;

  private constructor(private readonly parts: AgentParts) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.memory = parts.memory;
    this.network = parts.network;
    this.kernel = parts.kernel;
    this.model = parts.model;
    this.addressWatch = this.watchAddresses();
  }

  /**
   * Takes over what an earlier agent has left, or begins with nothing; traffic goes on meanwhile.
   *
   * @throws StateError, MapShapeError, VerifierError, KernelError
   */
  static start(options: AgentOptions): Agent {
    const memory = new Memory(new Store(options.stateDirectory));
    const unlock = lockState(options.stateDirectory);
    try {
      return Agent.open(options, memory, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  private static open(options: AgentOptions, memory: Memory, unlock: () => void): Agent {
    const mounted = prepareBpffs(options.bpffsDirectory);
    if (mounted) memory.change({ mountedBpffs: mounted });
    const network = new Network(options.networkNamespace);
    network.settings.setForwarding(4, true);
    network.settings.setForwarding(6, true);
    const { bpffsDirectory, features } = options;
    const kernel = new KernelDatapath(bpffsDirectory, network.trafficControl, features);
    const revisions = new Revisions(memory.current.revisionsReserved, (revisionsReserved) =>
      memory.change({ revisionsReserved }),
    );
    const problems: string[] = [];
    const model = startModel({ memory, kernel, revisions, network, problems });
    const flows = new FlowLog();
    const pump = new EventPump(kernel.openEvents(), model, flows, (error) => {
      problems.push(`flows are not seen any more: ${String(error)} (restart the agent)`);
    });
    const parts = { memory, network, kernel, model, revisions, flows, pump, problems, unlock };
    const agent = new Agent(parts);
    agent.restore();
    return agent;
  }

  async status(): Promise<StatusView> {
    const totals = trafficTotals(this.kernel.entries(traffic));
    return {
      version: VERSION,
      isReady: true,
      startedAt: this.startedAt.toISOString(),
      kernel: release(),
      attachment: this.kernel.mechanism === 'tcx' ? 'tcx' : 'cls_bpf',
      endpoints: this.model.list().length,
      identities: this.model.identities.entries().length,
      policies: this.model.policy.documents().length,
      revision: this.parts.revisions.last,
      ...totals,
      lostEvents: this.kernel.lostEvents() + this.parts.pump.misread,
      memoryBytes: process.memoryUsage.rss(),
      problems: [...this.parts.problems],
    };
  }

  async listEndpoints(): Promise<EndpointView[]> {
    return this.memory.endpoints.flatMap((stored) => this.view(stored));
  }

  async addEndpoint(request: EndpointRequest): Promise<EndpointView> {
    const id = this.freeId(request);
    const stored: StoredEndpoint = { id, ...(request as Omit<StoredEndpoint, 'id'>) };
    const device = deviceOf(stored);
    this.memory.addEndpoint(stored);
    try {
      const interfaceIndex = createDevice(this.network, device);
      this.model.addEndpoint(factsOf(stored, interfaceIndex));
      this.inNamespace(() => this.kernel.attach(id, interfaceIndex));
      openRoutes(this.network, device, interfaceIndex);
      this.memory.change(this.model.numbers());
    } catch (error) {
      this.take(stored);
      throw error;
    }
    return this.view(stored)[0]!;
  }

  async relabelEndpoint(
    name: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<EndpointView> {
    const stored = this.memory.endpoints.find((each) => qualifiedName(each) === name);
    if (!stored) {
      const message = `relabel endpoint ${name}: there is none (see \`skep endpoint list\`)`;
      throw new EndpointError('ERR_ENDPOINT_MISSING', message);
    }
    this.model.relabelEndpoint(stored.id, labels);
    const renewed = { ...stored, labels: { ...labels } };
    this.memory.addEndpoint(renewed);
    this.memory.change(this.model.numbers());
    return this.view(renewed)[0]!;
  }

  async removeEndpoint(name: string): Promise<boolean> {
    const stored = this.memory.endpoints.find((each) => qualifiedName(each) === name);
    if (stored) this.take(stored);
    return stored !== undefined;
  }

  async listIdentities(): Promise<IdentityView[]> {
    return identityViews(this.model);
  }

  async listIpcache(): Promise<IpcacheView[]> {
    return ipcacheViews(this.model);
  }

  async listPolicies(): Promise<PolicyView[]> {
    return policyViews(this.model);
  }

  async applyPolicies(yaml: string, file: string): Promise<PolicyResult> {
    const start = performance.now();
    const documents = parsePolicies(yaml, { file });
    this.model.applyDocuments(documents);
    const keys = documents.map(documentKey);
    if (keys.length > 0) this.memory.addPolicy({ file, text: yaml, keys });
    return this.policyResult(keys, start);
  }

  async deletePolicies(keys: readonly string[]): Promise<PolicyResult> {
    const start = performance.now();
    const known = new Set(this.model.policy.documents().map(documentKey));
    const changed = keys.filter((key) => known.has(key));
    this.model.deleteDocuments(changed);
    this.memory.removePolicies(changed);
    return this.policyResult(changed, start);
  }

  async explain(request: ExplainRequest): Promise<ExplainView> {
    return explainFlow(this.model, request);
  }

  async recentFlows(filter: FlowFilter, last?: number): Promise<FlowView[]> {
    return this.parts.flows.recent(filter, last);
  }

  async followFlows(filter: FlowFilter, onFlow: (flow: FlowView) => void): Promise<() => void> {
    return this.parts.flows.follow(filter, onFlow);
  }

  async uninstall(): Promise<void> {
    if (!this.isOpen) return;
    for (const stored of this.memory.endpoints) this.take(stored);
    this.letGo();
    this.kernel.remove();
    this.network.close();
    const { mountedBpffs } = this.memory.current;
    if (mountedBpffs) unmountBpfFileSystem(mountedBpffs);
    this.memory.forget();
    this.end();
  }

  /** Ends this process's part: programs, tables and endpoints stay as they are. */
  stop(): void {
    if (!this.isOpen) return;
    this.letGo();
    this.kernel.close();
    this.network.close();
  }

  private letGo(): void {
    this.isOpen = false;
    this.addressWatch.close();
    this.parts.pump.close();
    this.parts.unlock();
  }

  /** The node's addresses come and go; what is not known to be its own is the world's. */
  private watchAddresses(): Monitor {
    const refresh = (): void => this.model.setNodeAddresses(nodeAddresses(this.network));
    const watch = new Monitor(this.network.namespace, ['addresses'], refresh, (error) => {
      this.parts.problems.push(
        `addresses are not watched any more: ${String(error)} (restart the agent)`,
      );
    });
    watch.unref();
    return watch;
  }

  /**
   * Programs of this build in the place of the old ones, for every endpoint that is still there.
   */
  private restore(): void {
    for (const stored of this.memory.endpoints) {
      const device = deviceOf(stored);
      const link = this.network.links.find(device.hostInterface);
      if (!link) {
        this.parts.problems.push(
          `endpoint ${qualifiedName(stored)}: its device ${device.hostInterface} is gone ` +
            '(remove the endpoint and add it again)',
        );
        continue;
      }
      this.inNamespace(() => this.kernel.attach(stored.id, link.index));
      openRoutes(this.network, device, link.index);
    }
    this.model.dropInherited();
    // Only now do no programs test the other half any more.
    this.memory.change({ generation: this.model.generation, ...this.model.numbers() });
  }

  /** Closed first, then gone; what is not there any more is no error. */
  private take(stored: StoredEndpoint): void {
    this.model.removeEndpoint(stored.id);
    deleteDevice(this.network, deviceOf(stored));
    this.kernel.detach(stored.id);
    this.memory.removeEndpoint(stored.id);
    this.memory.change(this.model.numbers());
  }

  /** An id that was not used lately, for an endpoint that is like no other. */
  private freeId(request: EndpointRequest): number {
    const { endpoints } = this.memory;
    for (const each of endpoints) {
      const shared = [qualifiedName(each), each.ipv4, each.ipv6].find(
        (value) =>
          value !== undefined &&
          [qualifiedName(request), request.ipv4, request.ipv6].includes(value),
      );
      if (shared === undefined) continue;
      const operation = `add endpoint ${qualifiedName(request)}`;
      const message = `${operation}: ${shared} belongs to ${qualifiedName(each)}`;
      throw new EndpointError('ERR_ENDPOINT_EXISTS', message);
    }
    const taken = new Set(endpoints.map((each) => each.id));
    const { lastEndpointId } = this.memory.current;
    for (let step = 1; step <= ENDPOINTS_MAX; step++) {
      const id = ((lastEndpointId + step - 1) % ENDPOINTS_MAX) + 1;
      if (taken.has(id)) continue;
      this.memory.change({ lastEndpointId: id });
      return id;
    }
    const message = `add endpoint: all ${ENDPOINTS_MAX} are taken`;
    throw new EndpointError('ERR_ENDPOINT_LIMIT', message);
  }

  private view(stored: StoredEndpoint): EndpointView[] {
    const known = this.model.endpoint(stored.id);
    return known ? [endpointView(this.model, known, stored, hostInterfaceName(stored.id))] : [];
  }

  private policyResult(changed: readonly string[], start: number): PolicyResult {
    return {
      changed,
      revision: this.parts.revisions.last,
      milliseconds: performance.now() - start,
    };
  }

  private inNamespace<T>(task: () => T): T {
    return inNetworkNamespace(this.network.namespace, task);
  }
}

/** The model that fits what is stored, in the half of the tables that is not in use. */
function startModel(
  parts: Pick<AgentParts, 'memory' | 'kernel' | 'revisions' | 'network' | 'problems'>,
): NodeModel {
  const { memory, kernel, revisions, network, problems } = parts;
  const previous = memory.current.generation;
  const tables = new DatapathTables(kernel);
  const model = new NodeModel(tables, {
    nextRevision: () => revisions.take(),
    generation: kernel.isTakenOver ? (previous === 0 ? 1 : 0) : previous,
    ...(kernel.isTakenOver ? { inherited: readInherited(kernel) } : {}),
  });
  model.restoreNumbers(memory.current);
  const refused = model.fill({
    documents: memory.policies.flatMap(parseStored),
    nodeAddresses: nodeAddresses(network),
    endpoints: memory.endpoints.flatMap((stored) => {
      const link = network.links.find(hostInterfaceName(stored.id));
      return link ? [factsOf(stored, link.index)] : [];
    }),
  });
  for (const { message } of refused) problems.push(`${message}: its endpoints are closed`);
  tables.clearUnknownEndpoints(new Set(model.list().map(({ id }) => id)));
  return model;
}
