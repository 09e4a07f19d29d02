/**
 * CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy to rules.
 *
 * Which namespace a selector is confined to follows Cilium: a subject of a namespaced policy is in
 * its namespace; so is a peer, unless its selector says something about namespaces or names a
 * reserved label. A peer of a clusterwide policy is any workload that has a namespace.
 *
 * @source cilium pkg/k8s/apis/cilium.io/utils/utils.go
 */

import { type Direction, PolicyProtocol } from '../decision-table.ts';
import {
  HOST_LABEL,
  type LabelSelector,
  makeSelector,
  NAMESPACE_KEY,
  NAMESPACE_LABELS_PREFIX,
  type Requirement,
  splitSource,
} from '../labels.ts';
import type { PeerSelector, PolicyDocument, PortMatch, Rule, RuleSet } from '../model.ts';
import {
  CILIUM_UNSUPPORTED,
  type CiliumRule,
  type CiliumSpec,
  ciliumPolicy,
  isPortNumberText,
  readIcmpType,
} from './cilium-schema.ts';
import { type PathStep, PolicyDocumentError } from './document-error.ts';
import { readAddressOrPrefix, readPrefix, type WrittenSelector } from './fields.ts';
import type { LocatedDocument } from './located-document.ts';
import { checkShape } from './schema-problems.ts';

/**
 * Reads a policy of either kind.
 *
 * @throws PolicyDocumentError
 */
export function readCiliumPolicy(
  document: LocatedDocument,
  defaultNamespace: string,
): PolicyDocument {
  const policy = checkShape(ciliumPolicy, document, CILIUM_UNSUPPORTED);
  const { kind, metadata } = policy;
  const isClusterwide = kind === 'CiliumClusterwideNetworkPolicy';
  if (isClusterwide && metadata.namespace !== undefined) {
    const detail = `found '${metadata.namespace}', expected no namespace in a clusterwide policy`;
    throw new PolicyDocumentError([document.problem(['metadata', 'namespace'], detail)]);
  }
  const namespace = isClusterwide ? '' : (metadata.namespace ?? defaultNamespace);
  const title = isClusterwide ? metadata.name : `${namespace}/${metadata.name}`;
  const parts: { spec: CiliumSpec; path: PathStep[]; name: string }[] = [];
  if (policy.spec) parts.push({ spec: policy.spec, path: ['spec'], name: title });
  for (const [index, spec] of (policy.specs ?? []).entries()) {
    parts.push({ spec, path: ['specs', index], name: `${title} specs[${index}]` });
  }
  const ruleSets = parts.map(({ spec, path, name }) =>
    toRuleSet(spec, { document, namespace, path, name }),
  );
  return { kind, namespace, name: metadata.name, position: document.position([]), ruleSets };
}

interface Origin {
  readonly document: LocatedDocument;
  /** Empty for a clusterwide policy. */
  readonly namespace: string;
  readonly path: readonly PathStep[];
  readonly name: string;
}

const SECTIONS = [
  { key: 'ingress', direction: 'ingress', action: 'allow' },
  { key: 'ingressDeny', direction: 'ingress', action: 'deny' },
  { key: 'egress', direction: 'egress', action: 'allow' },
  { key: 'egressDeny', direction: 'egress', action: 'deny' },
] as const;

function toRuleSet(spec: CiliumSpec, origin: Origin): RuleSet {
  const isInitAllowed = hasKey(spec.endpointSelector ?? {}, 'reserved', 'init');
  const rules = SECTIONS.flatMap(({ key, direction, action }) =>
    (spec[key] ?? []).map((written: CiliumRule, index): Rule => {
      const path = [...origin.path, key, index];
      return {
        name: `${origin.name} ${key}[${index}]`,
        position: origin.document.position(path),
        direction,
        action,
        peers: toPeers(written, direction, origin.namespace, isInitAllowed),
        ports: toPorts(written),
      };
    }),
  );
  const hasRules = (direction: Direction) => rules.some((rule) => rule.direction === direction);
  return {
    name: origin.name,
    subject: toSubject(spec, origin),
    isAboutNodes: spec.nodeSelector !== undefined,
    rules,
    isIngressDefaultDeny: spec.enableDefaultDeny?.ingress ?? hasRules('ingress'),
    isEgressDefaultDeny: spec.enableDefaultDeny?.egress ?? hasRules('egress'),
  };
}

function toSubject({ endpointSelector, nodeSelector }: CiliumSpec, origin: Origin): LabelSelector {
  if (nodeSelector) {
    if (origin.namespace === '') return subjectOfNodes(nodeSelector);
    const detail = 'found in a CiliumNetworkPolicy, expected a CiliumClusterwideNetworkPolicy';
    const path = [...origin.path, 'nodeSelector'];
    throw new PolicyDocumentError([origin.document.problem(path, detail)]);
  }
  const written = endpointSelector ?? {};
  for (const requirement of origin.namespace === '' ? [] : toRequirements(written)) {
    if (requirement.key !== NAMESPACE_KEY || requirement.operator !== 'In') continue;
    if (requirement.values.includes(origin.namespace)) continue;
    const found = requirement.values.join(', ');
    const detail = `found namespace '${found}', expected the policy's own, '${origin.namespace}'`;
    const path = [...origin.path, 'endpointSelector'];
    throw new PolicyDocumentError([origin.document.problem(path, detail)]);
  }
  return subjectOfEndpoints(written, origin.namespace);
}

/**
 * Nodes and endpoints are never subjects of the same rules: a node has the label `reserved:host`,
 * beside its own, and no endpoint can have it.
 */
export function subjectOfNodes(written: WrittenSelector): LabelSelector {
  return makeSelector([...toRequirements(written), IS_NODE]);
}

/** Endpoints of a namespace, or of all where it is empty; see {@link subjectOfNodes}. */
export function subjectOfEndpoints(written: WrittenSelector, namespace: string): LabelSelector {
  const requirements = toRequirements(written);
  if (namespace === '') return makeSelector([...requirements, IS_NO_NODE]);
  const values = [namespace];
  return makeSelector([
    ...requirements,
    { source: 'k8s', key: NAMESPACE_KEY, operator: 'In', values },
  ]);
}

const IS_NODE: Requirement = { ...HOST_LABEL, operator: 'Exists', values: [] };
const IS_NO_NODE: Requirement = { ...HOST_LABEL, operator: 'DoesNotExist', values: [] };

/**
 * A rule that names no peers is about all of them if it names ports; a rule that is empty matches
 * nothing and only switches default deny on; an empty list of peers selects nobody, whatever stands
 * beside it.
 */
function toPeers(
  rule: CiliumRule,
  direction: Direction,
  namespace: string,
  isInitAllowed: boolean,
): PeerSelector[] {
  const isIngress = direction === 'ingress';
  const endpoints = isIngress ? rule.fromEndpoints : rule.toEndpoints;
  const entities = isIngress ? rule.fromEntities : rule.toEntities;
  const cidrs = isIngress ? rule.fromCIDR : rule.toCIDR;
  const cidrSet = isIngress ? rule.fromCIDRSet : rule.toCIDRSet;
  const written = [endpoints, entities, cidrs, cidrSet].filter((each) => each !== undefined);
  if (written.some(({ length }) => length === 0)) return [];
  if (written.length === 0) {
    const hasPorts = (rule.toPorts?.length ?? 0) + (rule.icmps?.length ?? 0) > 0;
    return hasPorts ? [{ kind: 'all' }] : [];
  }
  return [
    ...(endpoints ?? []).map(
      (written): PeerSelector => ({
        kind: 'labels',
        selector: toPeerSelector(written, namespace, isInitAllowed),
      }),
    ),
    ...(entities ?? []).map(
      (entity): PeerSelector => (entity === 'all' ? { kind: 'all' } : { kind: 'entity', entity }),
    ),
    ...(cidrs ?? []).map(
      (text): PeerSelector => ({
        kind: 'prefix',
        prefix: readAddressOrPrefix(text)!,
        except: [],
        matchesManaged: false,
      }),
    ),
    ...(cidrSet ?? []).map(
      ({ cidr, except }): PeerSelector => ({
        kind: 'prefix',
        prefix: readPrefix(cidr)!,
        except: (except ?? []).map((text) => readPrefix(text)!),
        matchesManaged: false,
      }),
    ),
  ];
}

function toPeerSelector(
  written: WrittenSelector,
  namespace: string,
  isInitAllowed: boolean,
): LabelSelector {
  const requirements = toRequirements(written);
  const isReserved = requirements.some((requirement) => requirement.source === 'reserved');
  const isAbout = (matches: (key: string) => boolean) =>
    requirements.some(({ source, key }) => (source === 'k8s' || source === 'any') && matches(key));
  if (isReserved || isAbout((key) => key === NAMESPACE_KEY)) return makeSelector(requirements);
  const source = 'k8s';
  const key = NAMESPACE_KEY;
  if (namespace === '') {
    if (isInitAllowed) return makeSelector(requirements);
    return makeSelector([...requirements, { source, key, operator: 'Exists', values: [] }]);
  }
  if (isAbout((text) => text.startsWith(NAMESPACE_LABELS_PREFIX))) {
    return makeSelector(requirements);
  }
  return makeSelector([...requirements, { source, key, operator: 'In', values: [namespace] }]);
}

function hasKey(written: WrittenSelector, source: string, key: string): boolean {
  return toRequirements(written).some((found) => found.source === source && found.key === key);
}

function toRequirements(written: WrittenSelector): Requirement[] {
  const equal = Object.entries(written.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({
      ...splitSource(key, 'any'),
      operator: 'In',
      values: [value],
    }),
  );
  const expressions = (written.matchExpressions ?? []).map(
    ({ key, operator, values }): Requirement => ({
      ...splitSource(key, 'any'),
      operator,
      values: values ?? [],
    }),
  );
  return [...equal, ...expressions];
}

const PROTOCOLS = {
  TCP: [PolicyProtocol.Tcp],
  UDP: [PolicyProtocol.Udp],
  SCTP: [PolicyProtocol.Sctp],
  ANY: [PolicyProtocol.Tcp, PolicyProtocol.Udp, PolicyProtocol.Sctp],
} as const;

function toPorts(rule: CiliumRule): PortMatch[] {
  const ports = (rule.toPorts ?? []).flatMap((entry) => entry.ports);
  const types = (rule.icmps ?? []).flatMap((entry) => entry.fields);
  if (ports.length === 0 && types.length === 0) return [{ kind: 'any' }];
  return [
    ...ports.flatMap(({ port, endPort, protocol }): PortMatch[] => {
      if (!isPortNumberText(port)) {
        const named = PROTOCOLS[protocol ?? 'ANY'];
        return named.map((one) => ({ kind: 'name', protocol: one, name: port }));
      }
      const first = Number(port);
      const last = first === 0 ? 65535 : (endPort ?? first);
      return PROTOCOLS[protocol ?? 'ANY'].map((one) => ({
        kind: 'range',
        protocol: one,
        first,
        last,
      }));
    }),
    ...types.map(({ family, type }): PortMatch => {
      const number = readIcmpType(type, family ?? 'IPv4')!;
      const protocol = family === 'IPv6' ? PolicyProtocol.Icmpv6 : PolicyProtocol.Icmp;
      return { kind: 'range', protocol, first: number, last: number };
    }),
  ];
}
