/** What an agent can do, wherever it runs. */
import type { PolicyFile } from '@skep/policy';
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

/** In this process, or behind its socket. */
export interface AgentApi {
  status(): Promise<StatusView>;
  /** Only what `status` says of the datapath: quick, for those who ask again and again. */
  health(): Promise<HealthView>;
  listEndpoints(): Promise<EndpointView[]>;
  /**
   * Resolves when the endpoint is open for traffic.
   *
   * @param isRetry whether the answer of an equal request was lost: then an endpoint of the same
   *   attachment and namespace is the answer, and not an error
   */
  addEndpoint(request: EndpointRequest, isRetry?: boolean): Promise<EndpointView>;
  /** New labels for an endpoint, by `namespace/name`; its traffic goes on as they allow. */
  relabelEndpoint(name: string, labels: Readonly<Record<string, string>>): Promise<EndpointView>;
  /** By `namespace/name`. False when there was none. */
  removeEndpoint(name: string): Promise<boolean>;
  /** False when there was none. */
  removeAttachment(key: AttachmentKey): Promise<boolean>;
  /** Removes the attachments of a network that are not listed. @returns how many */
  removeUnlisted(network: string, valid: readonly AttachmentKey[]): Promise<number>;
  /** @param networkNamespace path of the container's network namespace as it is now */
  checkAttachment(key: AttachmentKey, networkNamespace: string): Promise<AttachmentCheck>;
  listPools(): Promise<PoolView[]>;
  /** Those that endpoints have, or with `isAll` the reserved ones as well. */
  listIdentities(isAll?: boolean): Promise<IdentityView[]>;
  listIpcache(): Promise<IpcacheView[]>;
  listPolicies(): Promise<PolicyView[]>;
  /** All documents of a YAML text, or none. `file` names it in messages. */
  applyPolicies(yaml: string, file: string, options?: ChangeOptions): Promise<PolicyResult>;
  /** All documents of all files, or none. */
  applyPolicyFiles(files: readonly PolicyFile[], options?: ChangeOptions): Promise<PolicyResult>;
  /** By `kind/namespace/name`. */
  deletePolicies(keys: readonly string[], options?: ChangeOptions): Promise<PolicyResult>;
  /** The change that waits stays: see `ChangeOptions`. */
  confirmPolicies(): Promise<PolicyResult>;
  /** The change that waits goes back, now. */
  revertPolicies(): Promise<PolicyResult>;
  /** Policies select the node by the labels that the agent was started with. */
  relabelNode(options?: ChangeOptions): Promise<PolicyResult>;
  /** Flows that are masqueraded now. */
  listTranslations(): Promise<TranslationView[]>;
  explain(request: ExplainRequest): Promise<ExplainView>;
  /** What the node remembers, oldest first. */
  recentFlows(filter: FlowFilter, last?: number): Promise<FlowView[]>;
  /**
   * Calls back for each flow from now on, until the returned function is called; `onEnd` where the
   * agent ends it, because it goes away or the follower is too far behind.
   */
  followFlows(
    filter: FlowFilter,
    onFlow: (flow: FlowView) => void,
    onEnd?: () => void,
  ): Promise<() => void>;
  /** Takes everything away that the agent has made on this machine. */
  uninstall(): Promise<void>;
}
