/**
 * The meaning of policy documents, written down a second time and as directly as possible: objects
 * as they stand in YAML, loops, no indexes, none of the code that it is compared with. Slow on
 * purpose; only tests use it.
 */

/** A workload, a node, or something outside. */
export interface NaiveParty {
  /** `pod`: with labels and a namespace; the others are entities of their name. */
  readonly kind: 'pod' | 'host' | 'remote-node' | 'world';
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly address: string;
  readonly namedPorts: readonly { name: string; protocol: string; port: number }[];
}

/** The first packet of a flow. */
export interface NaiveFlow {
  readonly from: NaiveParty;
  readonly to: NaiveParty;
  /** `TCP`, `UDP`, `SCTP`, `ICMP`, `ICMPv6`, or anything else. */
  readonly protocol: string;
  /** Destination port or ICMP type. */
  readonly port: number;
}

// biome-ignore lint/suspicious/noExplicitAny: documents are taken as they were written
type Written = any;

/** A port of a node that no policy closes towards the world and other nodes. */
export interface NaiveSafePort {
  readonly direction: 'ingress' | 'egress';
  readonly protocol: string;
  readonly port: number;
}

/** Whether the direction of one end lets the flow pass. */
export function naiveAllows(
  documents: readonly Written[],
  flow: NaiveFlow,
  direction: 'ingress' | 'egress',
  safePorts: readonly NaiveSafePort[] = [],
): boolean {
  const self = direction === 'ingress' ? flow.to : flow.from;
  const peer = direction === 'ingress' ? flow.from : flow.to;
  if (self.kind === 'host' && (peer.kind === 'world' || peer.kind === 'remote-node')) {
    for (const safe of safePorts) {
      const isPort = safe.protocol === flow.protocol && safe.port === flow.port;
      if (isPort && safe.direction === direction) return true;
    }
  }
  let isIsolated = false;
  let isAllowed = direction === 'ingress' && peer.kind === 'host';
  for (const document of documents) {
    const isKubernetes = document.kind === 'NetworkPolicy';
    const specs = [...(document.spec ? [document.spec] : []), ...(document.specs ?? [])];
    for (const spec of specs) {
      if (!selectsSelf(document, spec, self)) continue;
      const outcome = isKubernetes
        ? evaluateKubernetes(document, spec, { self, peer, flow, direction })
        : evaluateCilium(document, spec, { self, peer, flow, direction });
      if (outcome.isDenied) return false;
      isIsolated ||= outcome.isIsolated;
      isAllowed ||= outcome.isAllowed;
    }
  }
  return !isIsolated || isAllowed;
}

interface Question {
  readonly self: NaiveParty;
  readonly peer: NaiveParty;
  readonly flow: NaiveFlow;
  readonly direction: 'ingress' | 'egress';
}

interface Outcome {
  readonly isIsolated: boolean;
  readonly isAllowed: boolean;
  readonly isDenied: boolean;
}

function selectsSelf(document: Written, spec: Written, self: NaiveParty): boolean {
  if (spec.nodeSelector) {
    return self.kind === 'host' && matches(spec.nodeSelector, (key) => nodeLabel(self, key));
  }
  if (self.kind !== 'pod') return false;
  const selector = document.kind === 'NetworkPolicy' ? spec.podSelector : spec.endpointSelector;
  const isHome =
    document.kind === 'CiliumClusterwideNetworkPolicy' ||
    self.namespace === document.metadata.namespace;
  return isHome && matches(selector ?? {}, (key) => podLabel(self, key));
}

function evaluateKubernetes(document: Written, spec: Written, question: Question): Outcome {
  const { direction } = question;
  const types = spec.policyTypes ?? (spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']);
  const isIsolated = types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
  if (!isIsolated) return { isIsolated, isAllowed: false, isDenied: false };
  const rules: Written[] = spec[direction] ?? [];
  const isAllowed = rules.some((rule) => {
    const peers: Written[] = (direction === 'ingress' ? rule.from : rule.to) ?? [];
    const ports: Written[] = rule.ports ?? [];
    const isPeer =
      peers.length === 0 || peers.some((peer) => isKubernetesPeer(document, peer, question.peer));
    const isPort = ports.length === 0 || ports.some((port) => isKubernetesPort(port, question));
    return isPeer && isPort;
  });
  return { isIsolated, isAllowed, isDenied: false };
}

function isKubernetesPeer(document: Written, written: Written, peer: NaiveParty): boolean {
  if (written.ipBlock) {
    const { cidr, except } = written.ipBlock;
    const isExcepted = (except ?? []).some((text: string) => isWithin(peer.address, text));
    return isWithin(peer.address, cidr) && !isExcepted;
  }
  if (peer.kind !== 'pod') return false;
  const isNamespace = written.namespaceSelector
    ? matches(written.namespaceSelector, (key) => namespaceLabel(peer, key))
    : peer.namespace === document.metadata.namespace;
  return isNamespace && matches(written.podSelector ?? {}, (key) => peer.labels[key]);
}

function isKubernetesPort(written: Written, question: Question): boolean {
  const { flow } = question;
  if ((written.protocol ?? 'TCP') !== flow.protocol) return false;
  if (written.port === undefined) return true;
  if (typeof written.port === 'string') return isNamed(written.port, flow);
  return flow.port >= written.port && flow.port <= (written.endPort ?? written.port);
}

function isNamed(name: string, flow: NaiveFlow): boolean {
  return flow.to.namedPorts.some(
    (own) => own.name === name && own.protocol === flow.protocol && own.port === flow.port,
  );
}

function evaluateCilium(document: Written, spec: Written, question: Question): Outcome {
  const { direction } = question;
  const allow: Written[] = spec[direction] ?? [];
  const deny: Written[] = spec[`${direction}Deny`] ?? [];
  const applies = (rule: Written) =>
    isCiliumPeer(document, rule, question) && isCiliumPort(rule, question.flow);
  return {
    isIsolated: spec.enableDefaultDeny?.[direction] ?? allow.length + deny.length > 0,
    isAllowed: allow.some(applies),
    isDenied: deny.some(applies),
  };
}

function isCiliumPeer(document: Written, rule: Written, { peer, direction }: Question): boolean {
  const side = direction === 'ingress' ? 'from' : 'to';
  const endpoints: Written[] | undefined = rule[`${side}Endpoints`];
  const entities: string[] | undefined = rule[`${side}Entities`];
  const cidrs: string[] | undefined = rule[`${side}CIDR`];
  const cidrSet: Written[] | undefined = rule[`${side}CIDRSet`];
  const fields = [endpoints, entities, cidrs, cidrSet];
  if (fields.every((each) => !each)) return Boolean(rule.toPorts || rule.icmps);
  if (fields.some((each) => each?.length === 0)) return false;
  const isOutside = peer.kind === 'world';
  return (
    (endpoints ?? []).some((selector) => isCiliumEndpoint(document, selector, peer)) ||
    (entities ?? []).some((entity) => isEntity(entity, peer)) ||
    (cidrs ?? []).some((cidr) => isOutside && isWithin(peer.address, cidr)) ||
    (cidrSet ?? []).some(
      ({ cidr, except }) =>
        isOutside &&
        isWithin(peer.address, cidr) &&
        !(except ?? []).some((text: string) => isWithin(peer.address, text)),
    )
  );
}

function isCiliumEndpoint(document: Written, selector: Written, peer: NaiveParty): boolean {
  const keys = [
    ...Object.keys(selector.matchLabels ?? {}),
    ...(selector.matchExpressions ?? []).map((one: Written) => one.key),
  ];
  if (keys.some((key) => key.startsWith('reserved:'))) {
    return matches(selector, (key) => (key === `reserved:${peer.kind}` ? '' : undefined));
  }
  const isNamespaced = document.metadata.namespace !== undefined;
  // A selector that speaks of namespaces is taken as it is: what has none may lack the key.
  const isAsItIs = keys.some((written) => {
    const key = withoutSource(written);
    if (key === 'io.kubernetes.pod.namespace') return true;
    return isNamespaced && key.startsWith(NAMESPACE_LABEL);
  });
  if (peer.kind !== 'pod') return isAsItIs && matches(selector, () => undefined);
  const isHome = !isNamespaced || peer.namespace === document.metadata.namespace;
  return (isHome || isAsItIs) && matches(selector, (key) => podLabel(peer, key));
}

function isEntity(entity: string, peer: NaiveParty): boolean {
  if (entity === 'all') return true;
  if (entity === 'cluster') return peer.kind !== 'world';
  if (entity === 'world-ipv4') return peer.kind === 'world' && !peer.address.includes(':');
  if (entity === 'world-ipv6') return peer.kind === 'world' && peer.address.includes(':');
  return entity === peer.kind;
}

function isCiliumPort(rule: Written, flow: NaiveFlow): boolean {
  if (!rule.toPorts && !rule.icmps) return true;
  const ports: Written[] = (rule.toPorts ?? []).flatMap((entry: Written) => entry.ports);
  const types: Written[] = (rule.icmps ?? []).flatMap((entry: Written) => entry.fields);
  const isPort = ports.some(({ port, endPort, protocol }) => {
    const protocols = protocol && protocol !== 'ANY' ? [protocol] : ['TCP', 'UDP', 'SCTP'];
    if (!protocols.includes(flow.protocol)) return false;
    if (!/^\d+$/.test(port)) return isNamed(port, flow);
    if (port === '0') return true;
    return flow.port >= Number(port) && flow.port <= (endPort ?? Number(port));
  });
  const isType = types.some(({ family, type }) => {
    const protocol = family === 'IPv6' ? 'ICMPv6' : 'ICMP';
    return flow.protocol === protocol && flow.port === type;
  });
  return isPort || isType;
}

function podLabel(party: NaiveParty, written: string): string | undefined {
  const key = withoutSource(written);
  if (key === 'io.kubernetes.pod.namespace') return party.namespace;
  if (key.startsWith(NAMESPACE_LABEL)) {
    return namespaceLabel(party, key.slice(NAMESPACE_LABEL.length));
  }
  return party.labels[key];
}

const NAMESPACE_LABEL = 'io.cilium.k8s.namespace.labels.';

function withoutSource(key: string): string {
  return key.replace(/^(k8s|any):/, '');
}

function nodeLabel(party: NaiveParty, written: string): string | undefined {
  return party.labels[withoutSource(written)];
}

function namespaceLabel(party: NaiveParty, key: string): string | undefined {
  if (key === 'kubernetes.io/metadata.name') return party.namespace;
  return party.namespaceLabels[key];
}

function matches(selector: Written, labelOf: (key: string) => string | undefined): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (labelOf(key) !== value) return false;
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const found = labelOf(key);
    const isIn = found !== undefined && (values ?? []).includes(found);
    if (operator === 'In' && !isIn) return false;
    if (operator === 'NotIn' && isIn) return false;
    if (operator === 'Exists' && found === undefined) return false;
    if (operator === 'DoesNotExist' && found !== undefined) return false;
  }
  return true;
}

/** Addresses as text of bits, so that a prefix is a prefix. */
function isWithin(address: string, cidr: string): boolean {
  const [base, length] = cidr.split('/');
  if (address.includes(':') !== cidr.includes(':')) return false;
  const count = length === undefined ? 128 : Number(length);
  return bitsOf(address).slice(0, count) === bitsOf(base!).slice(0, count);
}

function bitsOf(address: string): string {
  if (!address.includes(':')) {
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  }
  const [head, tail] = address.split('::');
  const groups = (text: string | undefined) => (text ? text.split(':') : []);
  const missing = 8 - groups(head).length - groups(tail).length;
  const zeros: string[] = tail === undefined ? [] : new Array(missing).fill('0');
  return [...groups(head), ...zeros, ...groups(tail)]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
}
