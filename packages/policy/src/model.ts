/**
 * The one form that all kinds of policy documents are turned into: rules with a stable name, their
 * peers, their ports. What is written in a document and what is decided meet here.
 */

import type { Prefix } from '@skep/wire';
import type { Direction, PolicyProtocol } from './decision-table.ts';
import type { Entity } from './entities.ts';
import type { Labels, LabelSelector } from './labels.ts';

/** Where in its file something was written; lines count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
}

/** Which peers a rule speaks about. */
export type PeerSelector =
  | { readonly kind: 'all' }
  | { readonly kind: 'labels'; readonly selector: LabelSelector }
  | { readonly kind: 'entity'; readonly entity: Entity }
  | {
      readonly kind: 'prefix';
      readonly prefix: Prefix;
      readonly except: readonly Prefix[];
      /** Kubernetes' ipBlock matches any address; Cilium's CIDR rules only what is unmanaged. */
      readonly matchesManaged: boolean;
    };

/** Ports by number, ICMP types by number, or a port by the name that the destination gave it. */
export type PortMatch =
  | { readonly kind: 'any' }
  | {
      readonly kind: 'range';
      readonly protocol: PolicyProtocol;
      readonly first: number;
      readonly last: number;
    }
  | { readonly kind: 'name'; readonly protocol: PolicyProtocol; readonly name: string };

/**
 * Deny wins over allow; `safe` wins over both, and no document can say it: what keeps a node within
 * reach.
 */
export type RuleAction = 'allow' | 'deny' | 'safe';

/** One rule: traffic of one direction, with any of the peers, to any of the ports. */
export interface Rule {
  /** `namespace/policy ingress[0]`, or `policy egressDeny[2]` for a clusterwide policy. */
  readonly name: string;
  readonly position: SourcePosition;
  readonly direction: Direction;
  readonly action: RuleAction;
  /** Empty: no peer matches. */
  readonly peers: readonly PeerSelector[];
  /** Empty: no port matches. */
  readonly ports: readonly PortMatch[];
}

/** Rules that share a subject: one `spec`. */
export interface RuleSet {
  /** `namespace/policy`, with `specs[0]` where a document has several. */
  readonly name: string;
  readonly subject: LabelSelector;
  /** Whether it selects nodes, and no endpoint. Absent: it does not. */
  readonly isAboutNodes?: boolean;
  readonly rules: readonly Rule[];
  /** Whether subjects are denied what no rule allows. */
  readonly isIngressDefaultDeny: boolean;
  readonly isEgressDefaultDeny: boolean;
}

/** Kinds of documents that are understood. */
export type PolicyKind = 'NetworkPolicy' | 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';

/** One document, checked. */
export interface PolicyDocument {
  readonly kind: PolicyKind;
  /** Empty for clusterwide policies. */
  readonly namespace: string;
  readonly name: string;
  readonly position: SourcePosition;
  readonly ruleSets: readonly RuleSet[];
  /** Why its text cannot be read any more; it closes what it is about. Absent: it can. */
  readonly unreadable?: string;
}

/** A port that a workload gave a name. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: PolicyProtocol;
  readonly port: number;
}

/** Whom rules apply to: an endpoint as policy sees it; endpoints that are alike share one. */
export interface Subject {
  readonly labels: Labels;
  readonly namedPorts?: readonly NamedPort[];
}

/** Who is at the other end: an endpoint, a node, or something outside. */
export interface Peer {
  readonly labels: Labels;
  /** Whether Skep manages it: endpoints, nodes; see `isManagedIdentity` of the contract. */
  readonly isManaged: boolean;
  /** Its addresses, each as prefix (of full length for an endpoint). */
  readonly prefixes: readonly Prefix[];
  readonly namedPorts?: readonly NamedPort[];
}

/** The key of a document in a policy set: `kind/namespace/name`. */
export function documentKey(document: Pick<PolicyDocument, 'kind' | 'namespace' | 'name'>): string {
  return `${document.kind}/${document.namespace}/${document.name}`;
}
