/** Documents that are refused, with all that is wrong with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyDocumentError } from './document-error.ts';
import { parsePolicies } from './parse.ts';

const HEAD = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
`;
const CILIUM_HEAD = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: api, namespace: shop}
`;

interface Broken {
  readonly name: string;
  readonly text: string;
  /** All problems, a line each. */
  readonly problems: readonly string[];
}

const BROKEN: readonly Broken[] = [
  {
    name: 'a prefix that is too long',
    text: `${HEAD}spec:
  podSelector: {}
  ingress:
  - from:
    - podSelector: {}
    - ipBlock:
        cidr: 10.0.0.0/40`,
    problems: [
      "shop.yaml:10: spec.ingress[0].from[1].ipBlock.cidr: found '10.0.0.0/40', expected an " +
        'IPv4 or IPv6 prefix',
    ],
  },
  {
    name: 'every problem is told, at its own line',
    text: `${HEAD}spec:
  podSelector: {matchLabels: {version: 1}}
  egress:
  - ports:
    - port: 70000
    - port: 80
      endPort: 70
    - endPort: 70
    - port: http
      endPort: 80
    - {protocol: ICMP}`,
    problems: [
      'shop.yaml:5: spec.podSelector.matchLabels.version: found the number 1, expected a text ' +
        '(put it in quotes)',
      'shop.yaml:8: spec.egress[0].ports[0].port: found the number 70000, expected a port from ' +
        '1 to 65535',
      'shop.yaml:10: spec.egress[0].ports[1].endPort: found the number 70, expected a port not ' +
        'below 80',
      'shop.yaml:11: spec.egress[0].ports[2].endPort: found the number 70, expected no endPort ' +
        'without a port that is a number',
      'shop.yaml:13: spec.egress[0].ports[3].endPort: found the number 80, expected no endPort ' +
        'without a port that is a number',
      "shop.yaml:14: spec.egress[0].ports[4].protocol: found 'ICMP', expected TCP, UDP or SCTP",
    ],
  },
  {
    name: 'an unknown field',
    text: `${HEAD}spec:\n  podSelectors: {}`,
    problems: ['shop.yaml:5: spec.podSelectors: unknown field'],
  },
  {
    name: 'an empty peer, and one with too much',
    text: `${HEAD}spec:
  ingress:
  - from:
    - {}
    - {ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}`,
    problems: [
      'shop.yaml:7: spec.ingress[0].from[0]: found a mapping, expected podSelector, ' +
        'namespaceSelector or ipBlock',
      'shop.yaml:8: spec.ingress[0].from[1]: found a mapping, expected ipBlock without ' +
        'podSelector and namespaceSelector',
    ],
  },
  {
    name: 'a list that was forgotten is not taken for everybody',
    text: `${HEAD}spec:\n  ingress:\n  - from:\n    ports: [{port: 80}]`,
    problems: ['shop.yaml:6: spec.ingress[0].from: found nothing, expected a list'],
  },
  {
    name: 'an exception that is not inside',
    text: `${HEAD}spec: {ingress: [{from: [
  {ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16, 10.0.0.0/8]}}]}]}`,
    problems: [
      "shop.yaml:5: spec.ingress[0].from[0].ipBlock.except[0]: found '11.0.0.0/16', expected a " +
        'prefix within 10.0.0.0/8, and longer',
      "shop.yaml:5: spec.ingress[0].from[0].ipBlock.except[1]: found '10.0.0.0/8', expected a " +
        'prefix within 10.0.0.0/8, and longer',
    ],
  },
  {
    name: 'operators and their values',
    text: `${HEAD}spec:
  podSelector:
    matchExpressions:
    - {key: a, operator: In}
    - {key: a, operator: Exists, values: [b]}
    - {key: a, operator: Equals}`,
    problems: [
      'shop.yaml:7: spec.podSelector.matchExpressions[0].values: found nothing, expected at ' +
        'least one value for In',
      'shop.yaml:8: spec.podSelector.matchExpressions[1].values: found a list, expected no ' +
        'values for Exists',
      "shop.yaml:9: spec.podSelector.matchExpressions[2].operator: found 'Equals', expected " +
        'In, NotIn, Exists or DoesNotExist',
    ],
  },
  {
    name: 'another kind of document',
    text: 'apiVersion: v1\nkind: Service\nmetadata: {name: a}',
    problems: [
      "shop.yaml:2: kind: found 'Service', expected one of NetworkPolicy, CiliumNetworkPolicy, " +
        'CiliumClusterwideNetworkPolicy',
    ],
  },
  {
    name: 'another version of the API',
    text: 'apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}',
    problems: [
      "shop.yaml:1: apiVersion: found 'extensions/v1beta1', expected networking.k8s.io/v1",
    ],
  },
  {
    name: 'no mapping at all',
    text: 'just text',
    problems: [
      'shop.yaml:1: kind: found nothing, expected one of NetworkPolicy, CiliumNetworkPolicy, ' +
        'CiliumClusterwideNetworkPolicy',
    ],
  },
  {
    name: 'a name that is missing',
    text: 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {}',
    problems: ['shop.yaml:3: metadata.name: found nothing, expected a text'],
  },
  {
    name: 'the same policy twice',
    text: `${HEAD}---\n${HEAD}`,
    problems: ['shop.yaml:7: metadata.name: NetworkPolicy/shop/api appears twice in this file'],
  },
  {
    name: 'an item of a List',
    text: `apiVersion: v1
kind: List
items:
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: a}
  spec: {podSelector: {}, tiers: []}`,
    problems: ['shop.yaml:7: spec.tiers: unknown field'],
  },
  {
    name: 'what Cilium has and Skep has not is refused by name',
    text: `${CILIUM_HEAD}spec:
  endpointSelector: {}
  ingress:
  - authentication: {mode: required}
  - fromRequires: [{}]
  - fromGroups: []
  - fromNodes: []
  egress:
  - toFQDNs: [{matchName: example.com}]
  - toServices: []
  - toNodes: []
  - toGroups: []
  - toRequires: []
  - toPorts:
    - ports: [{port: '80'}]
      rules: {http: [{}]}
      listener: {}
      serverNames: []
      terminatingTLS: {}
      originatingTLS: {}
  - toCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: a}]`,
    problems: [
      'shop.yaml:7: spec.ingress[0].authentication: not supported yet',
      'shop.yaml:8: spec.ingress[1].fromRequires: not supported yet (Cilium 1.19 removed it, too)',
      'shop.yaml:9: spec.ingress[2].fromGroups: not supported yet',
      'shop.yaml:10: spec.ingress[3].fromNodes: not supported yet',
      'shop.yaml:12: spec.egress[0].toFQDNs: not supported yet (use toCIDR for fixed addresses)',
      'shop.yaml:13: spec.egress[1].toServices: not supported yet (select the endpoints behind ' +
        'the service by their labels)',
      'shop.yaml:14: spec.egress[2].toNodes: not supported yet',
      'shop.yaml:15: spec.egress[3].toGroups: not supported yet',
      'shop.yaml:16: spec.egress[4].toRequires: not supported yet (Cilium 1.19 removed it, too)',
      'shop.yaml:19: spec.egress[5].toPorts[0].rules: not supported yet (rules of layer 7)',
      'shop.yaml:20: spec.egress[5].toPorts[0].listener: not supported yet',
      'shop.yaml:21: spec.egress[5].toPorts[0].serverNames: not supported yet',
      'shop.yaml:22: spec.egress[5].toPorts[0].terminatingTLS: not supported yet',
      'shop.yaml:23: spec.egress[5].toPorts[0].originatingTLS: not supported yet',
      'shop.yaml:24: spec.egress[6].toCIDRSet[0].cidrGroupRef: not supported yet (write the ' +
        'prefixes out)',
    ],
  },
  {
    name: 'a policy of nobody',
    text: `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: host}
spec:
  ingress: []`,
    problems: [
      'shop.yaml:4: spec.endpointSelector: found nothing, expected endpointSelector, or ' +
        'nodeSelector for a policy of nodes',
    ],
  },
  {
    name: 'a policy of endpoints and of nodes',
    text: `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: host}
specs:
- endpointSelector: {}
  nodeSelector: {}`,
    problems: [
      'shop.yaml:6: specs[0].nodeSelector: found a mapping, expected either nodeSelector or ' +
        'endpointSelector in a spec, not both',
    ],
  },
  {
    name: 'a policy of nodes in a namespace',
    text: `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: host}
spec:
  nodeSelector: {}`,
    problems: [
      'shop.yaml:5: spec.nodeSelector: found in a CiliumNetworkPolicy, expected a ' +
        'CiliumClusterwideNetworkPolicy',
    ],
  },
  {
    name: 'a namespace where there is none',
    text: `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: a, namespace: shop}
spec: {endpointSelector: {}}`,
    problems: [
      "shop.yaml:3: metadata.namespace: found 'shop', expected no namespace in a clusterwide " +
        'policy',
    ],
  },
  {
    name: 'subjects of another namespace',
    text: `${CILIUM_HEAD}spec:
  endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': bank}}`,
    problems: [
      "shop.yaml:5: spec.endpointSelector: found namespace 'bank', expected the policy's own, " +
        "'shop'",
    ],
  },
  {
    name: 'neither spec nor specs',
    text: CILIUM_HEAD,
    problems: ['shop.yaml:1: found a mapping, expected spec or specs'],
  },
  {
    name: 'combinations that Cilium refuses',
    text: `${CILIUM_HEAD}spec:
  endpointSelector: {}
  ingress:
  - fromEndpoints: [{}]
    fromEntities: [world]
  - toPorts: [{ports: [{port: '80'}]}]
    icmps: [{fields: [{type: 8}]}]`,
    problems: [
      'shop.yaml:8: spec.ingress[0].fromEntities: found a list, expected only one of ' +
        'fromEndpoints and fromEntities in a rule',
      'shop.yaml:10: spec.ingress[1].icmps: found a list, expected only one of toPorts and ' +
        'icmps in a rule',
    ],
  },
  {
    name: 'fields that every object of JavaScript has',
    text: `${HEAD}spec: {constructor: 1, toString: 1}`,
    problems: [
      'shop.yaml:4: spec.constructor: unknown field',
      'shop.yaml:4: spec.toString: unknown field',
    ],
  },
  {
    name: 'names of ports',
    text: `${HEAD}spec: {ingress: [{ports: [{port: '80'}, {port: a--b}, {port: HTTP}]}]}`,
    problems: ["'80'", "'a--b'", "'HTTP'"].map((found, index) => {
      const where = `shop.yaml:4: spec.ingress[0].ports[${index}].port`;
      return `${where}: found ${found}, expected a port from 1 to 65535 or a port's name`;
    }),
  },
  {
    name: 'IPv4 in the form of IPv6, which would be a second entry of one address',
    text: `${CILIUM_HEAD}spec:
  endpointSelector: {}
  egress:
  - toCIDR: ['::ffff:10.0.0.1']
  - toCIDRSet: [{cidr: '::FFFF:10.0.0.0/104'}]`,
    problems: [
      "shop.yaml:7: spec.egress[0].toCIDR[0]: found '::ffff:10.0.0.1', expected an IPv4 or IPv6 " +
        'address or prefix (IPv4 without ::ffff:)',
      "shop.yaml:8: spec.egress[1].toCIDRSet[0].cidr: found '::FFFF:10.0.0.0/104', expected an " +
        'IPv4 or IPv6 prefix (IPv4 without ::ffff:)',
    ],
  },
  {
    name: 'ports of Cilium',
    text: `${CILIUM_HEAD}spec:
  endpointSelector: {}
  ingress:
  - toPorts:
    - ports:
      - {port: 80}
      - {port: '70000'}
      - {port: '80', protocol: ICMP}
      - {port: http, endPort: 90}
      - {port: '0', endPort: 90}
      - {port: '80', endPort: 79}
    - ports: []
  - icmps: [{fields: [{type: 256}, {type: Ping}, {family: IPv6, type: Echo}]}]`,
    problems: [
      'shop.yaml:9: spec.ingress[0].toPorts[0].ports[0].port: found the number 80, expected a ' +
        "port from '0' to '65535' or a port's name, as text in quotes",
      "shop.yaml:10: spec.ingress[0].toPorts[0].ports[1].port: found '70000', expected a port " +
        "from '0' to '65535' or a port's name, as text in quotes",
      "shop.yaml:11: spec.ingress[0].toPorts[0].ports[2].protocol: found 'ICMP', expected TCP, " +
        'UDP, SCTP or ANY (icmps is for ICMP)',
      'shop.yaml:12: spec.ingress[0].toPorts[0].ports[3].endPort: found the number 90, ' +
        'expected no endPort beside the name of a port',
      'shop.yaml:13: spec.ingress[0].toPorts[0].ports[4].endPort: found the number 90, ' +
        "expected no endPort beside port '0', which stands for all ports",
      'shop.yaml:14: spec.ingress[0].toPorts[0].ports[5].endPort: found the number 79, ' +
        'expected a port not below 80',
      'shop.yaml:15: spec.ingress[0].toPorts[1].ports: found an empty list, expected at least ' +
        'one port',
      'shop.yaml:16: spec.ingress[1].icmps[0].fields[0].type: found the number 256, expected ' +
        'an ICMP type from 0 to 255, or its name in IPv4',
      "shop.yaml:16: spec.ingress[1].icmps[0].fields[1].type: found 'Ping', expected an ICMP " +
        'type from 0 to 255, or its name in IPv4',
      "shop.yaml:16: spec.ingress[1].icmps[0].fields[2].type: found 'Echo', expected an ICMP " +
        'type from 0 to 255, or its name in IPv6',
    ],
  },
];

for (const { name, text, problems } of BROKEN) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => parsePolicies(text, { file: 'shop.yaml' }),
      (error) => {
        assert.ok(error instanceof PolicyDocumentError);
        assert.equal(error.code, 'ERR_POLICY_DOCUMENT');
        assert.deepEqual(error.message.split('\n').sort(), [...problems].sort());
        return true;
      },
    );
  });
}
