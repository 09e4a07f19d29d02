/** The agent in one process: what its API can ask for, and when it begins and ends. */
import type { PolicyFile } from '@skep/policy';
import { release } from 'node:os';
import { traffic } from '@skep/datapath';
import { Monitor } from '@skep/netlink';
import type { AgentApi } from './agent-api.ts';
import { nodeAddresses } from './devices/node-addresses.ts';
import { watchWayOut } from './devices/watch-way-out.ts';
import { LocalEndpoints } from './endpoints/local-endpoints.ts';
import { explainFlow } from './explain-flow.ts';
import { type Masquerade, startMasquerade } from './masquerade/masquerade.ts';
import { masqueradeView, translationViews } from './masquerade/translation-views.ts';
import { type AgentOptions, closeNode, type Node, openNode, removeNode } from './node/node.ts';
import { ForwardWatch } from './health/forward-watch.ts';
import { Repair } from './health/repair.ts';
import { checkDatapath, checkGroups, checkRules, checkTables } from './health/checks.ts';
import { tableUse } from './health/table-use.ts';
import {
  identityViews,
  ipcacheViews,
  nodeView,
  policyViews,
  reservedIdentityViews,
  type TrafficTotals,
  trafficTotals,
  uplinks,
} from './node-views.ts';
import { FlowWatch } from './observe/flow-watch.ts';
import { FlowLog } from './observe/flow-log.ts';
import { AttachmentsInTurn } from './runtimes/attachments-in-turn.ts';
import { LocalPolicies } from './policies/local-policies.ts';
import { ContainerLabels } from './runtimes/container-labels.ts';
import { HostGuard } from './host/host-guard.ts';
import { Uplinks } from './uplinks/uplinks.ts';
import { DEFAULT_INTERFACE } from './state/stored.ts';
import type { Readings } from './telemetry/metric-definitions.ts';
import { readMetrics } from './telemetry/readings.ts';
import { RuleCounts } from './telemetry/rule-counts.ts';
import type {
  ChangeOptions,
  HealthView,
  IdentityView,
  IpcacheView,
  PolicyResult,
  PolicyView,
  PoolView,
  StatusView,
  TranslationView,
} from './views.ts';
import type {
  AttachmentCheck,
  AttachmentKey,
  EndpointRequest,
  EndpointView,
  ExplainRequest,
  ExplainView,
  FlowFilter,
  FlowView,
} from './views.ts';

export type { AgentOptions } from './node/node.ts';

/** The version that `skep status` shows. */
export const VERSION = '0.1.0';

/** The node's one owner of programs, tables and endpoint devices; what it makes outlives it. */
export class Agent implements AgentApi {
  /** Resolves when the agent has been uninstalled: there is nothing left to do then. */
  readonly ended: Promise<void>;
  private readonly startedAt = new Date();
  private isOpen = true;
  private end!: () => void;

  private readonly endpoints: LocalEndpoints;
  private readonly turns = new AttachmentsInTurn();
  private readonly labels: ContainerLabels;
  private readonly flows = new FlowLog();
  private readonly ruleCounts = new RuleCounts();
  private readonly flowWatch: FlowWatch;
  private readonly masquerade: Masquerade | undefined;
  private readonly uplinks: Uplinks;
  private readonly policies: LocalPolicies;
  private readonly addressWatch: Monitor;
  private readonly uplinkWatch: Monitor;
  private readonly repair: Repair;
  private readonly forwardWatch: ForwardWatch;

  private constructor(
    private readonly node: Node,
    options: AgentOptions,
  ) {
    const { kernel, model } = node;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.endpoints = new LocalEndpoints(node, options.addresses ?? {});
    this.labels = new ContainerLabels(options, this.endpoints);
    this.endpoints.restore();
    for (const endpoint of this.endpoints.list()) this.labels.follow(endpoint);
    const records = kernel.finishTakeover();
    model.dropInherited();
    // Only now do no programs test the other half any more.
    node.memory.changeNode({ generation: model.generation });
    this.flowWatch = new FlowWatch(node, this.flows, this.ruleCounts, records);
    this.masquerade = options.masquerade && startMasquerade(node, options.masquerade);
    this.uplinks = new Uplinks(node, this.masquerade);
    const hostGuard = new HostGuard(node, this.uplinks);
    hostGuard.start();
    kernel.finishUplinkTakeover();
    this.policies = new LocalPolicies(node, hostGuard);
    this.addressWatch = this.watchAddresses();
    this.uplinkWatch = this.watchMtu();
    this.repair = new Repair(node);
    this.forwardWatch = new ForwardWatch(node);
  }

  /**
   * Takes over what an earlier agent has left, or begins with nothing; traffic goes on meanwhile.
   *
   * @throws StateError, AgentRunningError, LayoutError, MigrationError, MapShapeError,
   *   VerifierError, KernelError
   */
  static start(options: AgentOptions): Agent {
    const start = performance.now();
    const node = openNode(options);
    try {
      const agent = new Agent(node, options);
      const { kernel, model, tell } = node;
      tell({
        kind: 'started',
        isTakenOver: kernel.isTakenOver || kernel.upgradedFrom !== undefined,
        ...(kernel.upgradedFrom === undefined ? {} : { upgradedFrom: kernel.upgradedFrom }),
        endpoints: model.size,
        policies: model.policy.documents().length,
        milliseconds: performance.now() - start,
      });
      for (const problem of [...checkRules(node), ...agent.endpoints.checkPools()])
        tell({ kind: 'problem', problem });
      return agent;
    } catch (error) {
      if (node.kernel.hasAttachments) closeNode(node);
      else node.takeBack();
      throw error;
    }
  }

  async status(): Promise<StatusView> {
    return this.readStatus(this.readTotals());
  }

  async health(): Promise<HealthView> {
    const problems = [...checkDatapath(this.node), ...this.forwardWatch.problems];
    return { isHealthy: problems.length === 0, problems };
  }

  /** As `Problems.mention`: what is wrong with what is around the agent. */
  mention(subject: string, problem: string): void {
    this.node.problems.mention(subject, problem);
  }

  /** Every metric that is not timed, as of now. */
  readings(): Readings {
    const totals = this.readTotals();
    this.nameFlows();
    const { node, ruleCounts: rules } = this;
    return readMetrics({ node, status: this.readStatus(totals), totals, rules });
  }

  async listEndpoints(): Promise<EndpointView[]> {
    return this.endpoints.list();
  }

  async addEndpoint(request: EndpointRequest, isRetry = false): Promise<EndpointView> {
    const { attachment, interfaceName = DEFAULT_INTERFACE } = request;
    if (!attachment) return this.endpoints.add(request, isRetry);
    const { containerId } = attachment;
    return this.turns.run({ containerId, interfaceName }, async () => {
      const endpoint = this.endpoints.add(await this.labels.complete(request), isRetry);
      this.labels.follow(endpoint);
      return endpoint;
    });
  }

  async removeAttachment(key: AttachmentKey): Promise<boolean> {
    return this.turns.run(key, async () => {
      this.nameFlows();
      return this.endpoints.removeAttachment(key);
    });
  }

  async removeUnlisted(network: string, valid: readonly AttachmentKey[]): Promise<number> {
    this.nameFlows();
    return this.endpoints.removeUnlisted(network, valid);
  }

  async checkAttachment(key: AttachmentKey, networkNamespace: string): Promise<AttachmentCheck> {
    return this.endpoints.check(key, networkNamespace);
  }

  async listPools(): Promise<PoolView[]> {
    return this.endpoints.pools();
  }

  async relabelEndpoint(
    name: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<EndpointView> {
    this.nameFlows();
    return this.endpoints.relabel(name, labels);
  }

  async removeEndpoint(name: string): Promise<boolean> {
    this.nameFlows();
    return this.endpoints.remove(name);
  }

  async listIdentities(isAll = false): Promise<IdentityView[]> {
    const { model } = this.node;
    const given = identityViews(model);
    if (!isAll) return given;
    const reserved = reservedIdentityViews(model);
    return [...reserved, ...given.filter(({ number }) => number > reserved.at(-1)!.number)];
  }

  async listIpcache(): Promise<IpcacheView[]> {
    return ipcacheViews(this.node.model);
  }

  async listPolicies(): Promise<PolicyView[]> {
    return policyViews(this.node.model);
  }

  async applyPolicies(yaml: string, file: string, options?: ChangeOptions): Promise<PolicyResult> {
    return this.applyPolicyFiles([{ file, text: yaml }], options);
  }

  async applyPolicyFiles(
    files: readonly PolicyFile[],
    options?: ChangeOptions,
  ): Promise<PolicyResult> {
    this.nameFlows();
    return this.policies.applyFiles(files, options);
  }

  async deletePolicies(keys: readonly string[], options?: ChangeOptions): Promise<PolicyResult> {
    this.nameFlows();
    const result = this.policies.delete(keys, options);
    for (const key of result.changed) this.ruleCounts.forget(rulePrefixOf(key));
    return result;
  }

  async confirmPolicies(): Promise<PolicyResult> {
    return this.policies.confirm();
  }

  async revertPolicies(): Promise<PolicyResult> {
    this.nameFlows();
    return this.policies.revert();
  }

  async relabelNode(options?: ChangeOptions): Promise<PolicyResult> {
    this.nameFlows();
    return this.policies.relabelNode(options);
  }

  async listTranslations(): Promise<TranslationView[]> {
    const { kernel, model } = this.node;
    return this.masquerade ? translationViews(kernel, model) : [];
  }

  async explain(request: ExplainRequest): Promise<ExplainView> {
    return explainFlow(this.node.model, request);
  }

  async recentFlows(filter: FlowFilter, last?: number): Promise<FlowView[]> {
    this.nameFlows();
    return this.flows.recent(filter, last);
  }

  async followFlows(filter: FlowFilter, onFlow: (flow: FlowView) => void): Promise<() => void> {
    return this.flows.follow(filter, onFlow);
  }

  /** By who and what is there now: before somebody asks for flows, and before it changes. */
  private nameFlows(): void {
    this.flowWatch.settle();
  }

  async uninstall(): Promise<void> {
    if (!this.isOpen) return;
    this.endpoints.removeAll();
    this.letGo();
    removeNode(this.node);
    this.end();
  }

  /** Ends this process's part: programs, tables and endpoints stay as they are. */
  stop(): void {
    if (!this.isOpen) return;
    this.repair.putBackStored();
    this.policies.leave();
    this.letGo();
    closeNode(this.node);
  }

  private readTotals(): TrafficTotals {
    return trafficTotals(this.node.kernel.entries(traffic));
  }

  private readStatus(totals: TrafficTotals): StatusView {
    const { node, masquerade } = this;
    const { pending } = this.policies;
    const { kernel, model, revisions, problems } = node;
    const { forwardedPackets, droppedPackets } = totals;
    const tables = tableUse(node);
    const found = [
      ...checkDatapath(node),
      ...this.forwardWatch.problems,
      ...checkTables({ tables, totals }),
      ...checkGroups(node),
      ...checkRules(node),
      ...this.endpoints.checkPools(),
    ];
    return {
      version: VERSION,
      isReady: true,
      startedAt: this.startedAt.toISOString(),
      kernel: release(),
      attachment: kernel.mechanism === 'tcx' ? 'tcx' : 'cls_bpf',
      deviceKind: node.deviceKind,
      endpoints: model.size,
      identities: model.identities.size,
      reserved: reservedIdentityViews(model),
      policies: model.policy.documents().length,
      revision: revisions.last,
      ...{ forwardedPackets, droppedPackets },
      lostEvents: kernel.lostEvents() + this.flowWatch.misread,
      memoryBytes: process.memoryUsage.rss(),
      ...{ tables, pools: this.endpoints.pools() },
      uplinks: uplinks(node.network),
      node: nodeView(node, this.uplinks.guardedNames),
      ...(pending && { pendingPolicies: pending }),
      ...(masquerade && { masquerade: masqueradeView(masquerade, kernel, model) }),
      problems: [
        ...new Set([
          ...this.labels.problems,
          ...this.endpoints.problems,
          ...problems,
          ...found,
          ...this.uplinks.problems,
        ]),
      ],
    };
  }

  private letGo(): void {
    this.isOpen = false;
    this.labels.close();
    this.repair.close();
    this.forwardWatch.close();
    this.addressWatch.close();
    this.uplinkWatch.close();
    this.policies.close();
    this.uplinks.close();
    this.flowWatch.close();
  }

  private watchMtu(): Monitor {
    const { network, problems } = this.node;
    const follow = (): boolean => this.endpoints.followMtu();
    return watchWayOut(network, follow, (error) => {
      problems.push(`the MTU of the way out is not followed: ${String(error)} (restart the agent)`);
    });
  }

  /** The node's addresses come and go; what is not known to be its own is the world's. */
  private watchAddresses(): Monitor {
    const { network, model, problems } = this.node;
    const refresh = (): void => model.setNodeAddresses(nodeAddresses(network));
    const watch = new Monitor(network.namespace, ['addresses'], refresh, (error) => {
      problems.push(`addresses are not watched any more: ${String(error)} (restart the agent)`);
    });
    watch.unref();
    return watch;
  }
}

/** What the names of a document's rules begin with: `kind/namespace/name` without its kind. */
function rulePrefixOf(key: string): string {
  const [, namespace, name] = key.split('/');
  return namespace === '' ? name! : `${namespace}/${name}`;
}
