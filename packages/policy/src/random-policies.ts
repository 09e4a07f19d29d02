/** Random policy documents, and a small world in which they matter. Only tests use it. */

import fc from 'fast-check';
import type { NaiveParty } from './naive.ts';

const NAMESPACES = ['shop', 'bank', 'mail'];
const NAMESPACE_LABELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: { team: 'red' },
  bank: { team: 'blue', secret: 'yes' },
  mail: {},
};

/** Ports that rules and flows use, close together so that ranges overlap. */
export const PORTS = [0, 8, 79, 80, 81, 443, 8080, 65535];

const PREFIXES = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.0.0.0/24',
  '10.0.0.0/29',
  '10.0.0.4/30',
  '10.0.0.5/32',
  '10.0.0.7/32',
  '10.1.0.0/16',
  '10.1.0.0/24',
  '10.1.2.3/32',
  '192.0.2.0/24',
  '192.0.2.128/25',
  '::/0',
  '2001:db8::/32',
  '2001:db8::4/126',
  '2001:db8::5/128',
  '2001:db8:50::/64',
];

/** Addresses outside, inside and at the borders of `PREFIXES`. */
export const OUTSIDE = [
  '10.0.0.6',
  '10.0.0.9',
  '10.9.9.9',
  '192.0.2.1',
  '192.0.2.200',
  '198.51.100.1',
  '2001:db8::6',
  '2001:db9::1',
];

/** Prefixes wider than an address that may be the node's, and addresses in them. */
export const LOCAL_PREFIXES = ['10.1.0.0/16', '2001:db8:50::/48'];
/** See {@link LOCAL_PREFIXES}. */
export const LOCAL_ADDRESSES = ['10.1.0.9', '10.1.2.3', '10.1.9.9', '2001:db8:50::5'];

const label = fc.constantFrom('a', 'b', 'c');
const namespace = fc.constantFrom(...NAMESPACES);

const podLabels = fc.record(
  { app: label, tier: label, 'example.com/zone': label },
  { requiredKeys: ['app'] },
);

const namedPorts = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('http', 'admin'),
    protocol: fc.constantFrom('TCP', 'UDP'),
    port: fc.constantFrom(80, 443, 8080),
  }),
  { maxLength: 2, selector: ({ name, protocol }) => `${name}/${protocol}` },
);

/** A pod at the given address. */
export function podAt(address: string): fc.Arbitrary<NaiveParty> {
  return fc.record({ labels: podLabels, namespace, namedPorts }).map((pod) => ({
    ...pod,
    kind: 'pod',
    namespaceLabels: NAMESPACE_LABELS[pod.namespace]!,
    address,
  }));
}

function expression(keys: readonly string[]) {
  const key = fc.constantFrom(...keys);
  const values = fc.uniqueArray(fc.constantFrom('a', 'b', 'red', 'blue', 'shop'), {
    minLength: 1,
    maxLength: 2,
  });
  return fc.oneof(
    fc.record({ key, operator: fc.constantFrom('In', 'NotIn'), values }),
    fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  );
}

function selector(keys: readonly string[], values: readonly string[]) {
  return fc.record(
    {
      matchLabels: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values), {
        maxKeys: 2,
      }),
      matchExpressions: fc.array(expression(keys), { maxLength: 1 }),
    },
    { requiredKeys: [] },
  );
}

const podSelector = selector(['app', 'tier', 'example.com/zone'], ['a', 'b', 'c']);
const namespaceSelector = selector(
  ['team', 'secret', 'kubernetes.io/metadata.name'],
  ['red', 'blue', 'yes', 'shop'],
);

/** For each prefix, longer ones within it. */
const BLOCKS: readonly (readonly [string, readonly string[]])[] = [
  ['0.0.0.0/0', ['10.0.0.0/8', '10.0.0.0/29', '10.1.0.0/24', '192.0.2.128/25']],
  ['10.0.0.0/8', ['10.0.0.0/24', '10.0.0.5/32', '10.1.2.3/32']],
  ['10.1.0.0/16', ['10.1.0.0/24', '10.1.2.3/32']],
  ['10.0.0.0/24', ['10.0.0.0/29', '10.0.0.4/30', '10.0.0.7/32']],
  ['10.0.0.4/30', ['10.0.0.5/32']],
  ['192.0.2.0/24', ['192.0.2.128/25']],
  ['::/0', ['2001:db8::/32', '2001:db8::4/126']],
  ['2001:db8::/32', ['2001:db8::4/126', '2001:db8::5/128', '2001:db8:50::/64']],
];

const block = fc
  .constantFrom(...BLOCKS)
  .chain(([cidr, inner]) =>
    fc.record(
      { cidr: fc.constant(cidr), except: fc.subarray([...inner]) },
      { requiredKeys: ['cidr'] },
    ),
  );

const kubernetesPeer = fc.oneof(
  fc.record({ podSelector }),
  fc.record({ namespaceSelector }),
  fc.record({ namespaceSelector, podSelector }),
  fc.record({ ipBlock: block }),
);

const realPort = fc.constantFrom(...PORTS.filter((port) => port > 0));

const portRange = fc
  .tuple(realPort, realPort)
  .map(([one, other]) => ({ port: Math.min(one, other), endPort: Math.max(one, other) }));

const kubernetesPort = fc
  .tuple(
    fc.record({ protocol: fc.constantFrom('TCP', 'UDP', 'SCTP') }, { requiredKeys: [] }),
    fc.oneof(
      fc.constant({}),
      fc.record({ port: realPort }),
      fc.record({ port: fc.constantFrom('http', 'admin') }),
      portRange,
    ),
  )
  .map(([protocol, port]) => ({ ...protocol, ...port }));

function kubernetesRules(side: 'from' | 'to') {
  const peers = fc.array(kubernetesPeer, { maxLength: 2 });
  const ports = fc.array(kubernetesPort, { maxLength: 2 });
  return fc.array(fc.record({ [side]: peers, ports }, { requiredKeys: [] }), { maxLength: 2 });
}

const name = fc.constantFrom('one', 'two', 'three');

const networkPolicy = fc.record({
  apiVersion: fc.constant('networking.k8s.io/v1'),
  kind: fc.constant('NetworkPolicy'),
  metadata: fc.record({ name, namespace }),
  spec: fc.record(
    {
      podSelector,
      policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
      ingress: kubernetesRules('from'),
      egress: kubernetesRules('to'),
    },
    { requiredKeys: ['podSelector'] },
  ),
});

const ciliumPort = fc
  .tuple(
    fc.record({ protocol: fc.constantFrom('TCP', 'UDP', 'SCTP', 'ANY') }, { requiredKeys: [] }),
    fc.oneof(
      fc.constantFrom('0', '80', '443', 'http', 'admin').map((port) => ({ port })),
      portRange.map(({ port, endPort }) => ({ port: String(port), endPort })),
    ),
  )
  .map(([protocol, port]) => ({ ...protocol, ...port }));

const ciliumLayer4 = fc.oneof(
  fc.constant({}),
  fc
    .array(fc.record({ ports: fc.array(ciliumPort, { minLength: 1, maxLength: 2 }) }), {
      minLength: 1,
      maxLength: 2,
    })
    .map((toPorts) => ({ toPorts })),
  fc
    .record({ family: fc.constantFrom('IPv4', 'IPv6'), type: fc.constantFrom(0, 8, 80, 128) })
    .map((field) => ({ icmps: [{ fields: [field] }] })),
);

const namespaceLabelSelector = selector(
  [
    'k8s:io.cilium.k8s.namespace.labels.team',
    'io.cilium.k8s.namespace.labels.secret',
    'any:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name',
  ],
  ['red', 'blue', 'yes', 'shop'],
);

const ciliumEndpoint = fc.oneof(
  podSelector,
  namespaceLabelSelector,
  selector(['k8s:app', 'k8s:io.kubernetes.pod.namespace'], ['a', 'b', 'shop', 'bank']),
  fc.constant({ matchLabels: { 'reserved:host': '' } }),
  fc.constant({ matchExpressions: [{ key: 'reserved:world', operator: 'Exists' }] }),
);

const entity = fc.constantFrom(
  'all',
  'world',
  'world-ipv4',
  'world-ipv6',
  'cluster',
  'host',
  'remote-node',
  'none',
);

function ciliumRules(side: 'from' | 'to') {
  const peers = fc.oneof(
    fc.constant({}),
    fc.array(ciliumEndpoint, { maxLength: 2 }).map((list) => ({ [`${side}Endpoints`]: list })),
    fc.array(entity, { maxLength: 2 }).map((list) => ({ [`${side}Entities`]: list })),
    fc.subarray(PREFIXES, { maxLength: 2 }).map((list) => ({ [`${side}CIDR`]: list })),
    fc.array(block, { maxLength: 2 }).map((list) => ({ [`${side}CIDRSet`]: list })),
  );
  const rule = fc.tuple(peers, ciliumLayer4).map(([peer, layer4]) => ({ ...peer, ...layer4 }));
  return fc.array(rule, { maxLength: 2 });
}

const ciliumRuleFields = {
  enableDefaultDeny: fc.record(
    { ingress: fc.boolean(), egress: fc.boolean() },
    { requiredKeys: [] },
  ),
  ingress: ciliumRules('from'),
  ingressDeny: ciliumRules('from'),
  egress: ciliumRules('to'),
  egressDeny: ciliumRules('to'),
};

const endpointSelector = fc.oneof(
  { weight: 4, arbitrary: podSelector },
  { weight: 1, arbitrary: namespaceLabelSelector },
);

const endpointSpec = fc.record(
  { endpointSelector, ...ciliumRuleFields },
  { requiredKeys: ['endpointSelector'] },
);

/** Labels that a node may have, written with and without their source. */
const nodeSpec = fc.record(
  { nodeSelector: selector(['zone', 'k8s:zone', 'rack'], ['a', 'b']), ...ciliumRuleFields },
  { requiredKeys: ['nodeSelector'] },
);

type Spec = fc.Arbitrary<object>;

function bodyOf(spec: Spec) {
  return fc.oneof(
    spec.map((one) => ({ spec: one })),
    fc.array(spec, { minLength: 1, maxLength: 2 }).map((specs) => ({ specs })),
  );
}

const ciliumHead = { apiVersion: 'cilium.io/v2' };
const namespacedPolicy = fc
  .record({ name, namespace, body: bodyOf(endpointSpec) })
  .map(({ name, namespace, body }) => {
    return { ...ciliumHead, kind: 'CiliumNetworkPolicy', metadata: { name, namespace }, ...body };
  });
const clusterwidePolicy = fc
  .record({ name, body: bodyOf(fc.oneof(endpointSpec, nodeSpec)) })
  .map(({ name, body }) => {
    return { ...ciliumHead, kind: 'CiliumClusterwideNetworkPolicy', metadata: { name }, ...body };
  });

/** A document of one of the kinds, as it would stand in YAML. */
export const randomDocument = fc.oneof(networkPolicy, namespacedPolicy, clusterwidePolicy);
