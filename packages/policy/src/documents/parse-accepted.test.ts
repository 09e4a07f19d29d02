import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentKey } from '../model.ts';
import { cilium, Cluster, clusterwide, kubernetes } from '../policy-cases.ts';
import { parseAccepted } from './parse-accepted.ts';

const NETWORK_POLICY = 'NetworkPolicy/shop/policy';
const CILIUM = 'CiliumNetworkPolicy/shop/policy';
const CLUSTERWIDE = 'CiliumClusterwideNetworkPolicy//policy';

/** Something that no reader here takes, in a place that is not about who is selected. */
const BROKEN_KUBERNETES = 'ingress: [{}, {ports: [{port: HTTP}]}]';
const BROKEN_CILIUM =
  "ingress: [{fromEntities: [all]}, {fromEndpoints: [{matchLabels: {$a: ''}}]}]";

interface AcceptedCase {
  readonly name: string;
  readonly text: string;
  readonly key: string;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** In force beside it. */
  readonly beside?: string;
}

const CASES: readonly AcceptedCase[] = [
  {
    name: 'of a NetworkPolicy the pods that it selects',
    text: kubernetes(`{podSelector: {matchLabels: {app: api}}, ${BROKEN_KUBERNETES}}`),
    key: NETWORK_POLICY,
    allow: ['frontend > database TCP 80', 'teller > vault TCP 80'],
    deny: ['frontend > api TCP 80', 'api > database TCP 80', '203.0.113.9 > api ICMP 8'],
  },
  {
    name: 'of one whose selector cannot be read its namespace, but for what others allow',
    text: kubernetes('{podSelector: {matchLabels: {version: 1}}}'),
    key: NETWORK_POLICY,
    beside: kubernetes('{podSelector: {}, ingress: [{ports: [{port: 81}]}]}', 'shop', 'other'),
    allow: ['teller > vault TCP 80', 'teller > api TCP 81'],
    deny: ['teller > api TCP 80', 'frontend > database TCP 80', 'api > vault TCP 80'],
  },
  {
    name: 'of a text that is no YAML the namespace of its key',
    text: '[',
    key: NETWORK_POLICY,
    allow: ['teller > vault TCP 80'],
    deny: ['teller > api TCP 80', 'api > vault TCP 80'],
  },
  {
    name: 'what denies could be anything, so that nothing that others allow gets through',
    text: cilium(`{endpointSelector: {matchLabels: {app: api}}, ${BROKEN_CILIUM}}`),
    key: CILIUM,
    beside: cilium(`{endpointSelector: {}, ingress: [{fromEntities: [all]}]}`, 'shop', 'other'),
    allow: ['frontend > database TCP 80'],
    deny: ['frontend > api TCP 80', 'api > vault TCP 80', 'host > api TCP 80'],
  },
  {
    name: 'specs that can be read in part',
    text: cilium(`{endpointSelector: {matchLabels: {app: api}}, ${BROKEN_CILIUM}}`).replace(
      /spec: (.*)}$/,
      "specs: [$1, {endpointSelector: {matchLabels: {'k8s:app': database}}, ingress: 1}]}",
    ),
    key: CILIUM,
    allow: ['dns > frontend TCP 80'],
    deny: ['frontend > api TCP 80', 'dns > database TCP 80'],
  },
  {
    name: 'of a clusterwide one whose selector cannot be read every endpoint, not the node',
    text: clusterwide(`{endpointSelector: {matchLabels: {'container:app': a}}, ingress: [{}]}`),
    key: CLUSTERWIDE,
    allow: ['203.0.113.9 > host TCP 80', 'host > 203.0.113.9 TCP 80'],
    deny: ['frontend > api TCP 80', 'vault > 203.0.113.9 TCP 80', 'host > dns TCP 80'],
  },
  {
    name: 'of one about nodes this node, but for its safe ports',
    text: clusterwide(`{nodeSelector: {matchLabels: {'$host': ''}}, ingress: [{}]}`),
    key: CLUSTERWIDE,
    allow: ['203.0.113.9 > host TCP 22', 'frontend > api TCP 80'],
    deny: ['203.0.113.9 > host TCP 80', 'host > 203.0.113.9 TCP 80'],
  },
  {
    name: 'of one about other nodes nothing',
    text: clusterwide(`{nodeSelector: {matchLabels: {zone: us}}, ${BROKEN_CILIUM}}`),
    key: CLUSTERWIDE,
    allow: ['203.0.113.9 > host TCP 80', 'frontend > api TCP 80'],
    deny: [],
  },
  {
    name: 'of a clusterwide one that is no YAML all endpoints and the node',
    text: 'a: b: c',
    key: CLUSTERWIDE,
    allow: ['203.0.113.9 > host TCP 22'],
    deny: ['frontend > api TCP 80', '203.0.113.9 > host TCP 80'],
  },
  {
    name: 'of a list that cannot be read the namespace',
    text: `{apiVersion: v1, kind: List, more: 1, items: [${kubernetes('{podSelector: {}}')}]}`,
    key: NETWORK_POLICY,
    allow: ['teller > vault TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'of a name with slashes the namespace',
    text: kubernetes('{podSelector: {matchLabels: {app: api}}}', 'shop', 'a/b'),
    key: 'NetworkPolicy/shop/a/b',
    allow: ['teller > vault TCP 80', 'frontend > database TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
];

for (const { name, text, key, allow, deny, beside } of CASES) {
  test(`a text that was accepted once: closed is ${name}`, () => {
    const documents = parseAccepted(text, 'old.yaml', [key]);
    assert.deepEqual(documents.map(documentKey), [key]);
    assert.match(documents[0]!.unreadable!, /^old\.yaml:1: /);
    const cluster = new Cluster();
    if (beside) cluster.apply([beside]);
    cluster.set.apply(documents);
    for (const probe of allow) assert.equal(cluster.verdict(probe), 'allow', probe);
    for (const probe of deny) assert.equal(cluster.verdict(probe), 'deny', probe);
  });
}

test('what can be read beside it is as it was, and only what is in force', () => {
  const text = [
    kubernetes('{podSelector: {matchLabels: {app: api}}}', 'shop', 'one'),
    kubernetes(`{podSelector: {matchLabels: {app: vault}}, ${BROKEN_KUBERNETES}}`, 'bank', 'two'),
    kubernetes('{podSelector: {matchLabels: {app: frontend}}}', 'shop', 'three'),
    kubernetes('{podSelector: {matchLabels: {version: 1}}}', 'shop', 'four'),
  ].join('\n---\n');
  const keys = ['NetworkPolicy/shop/one', 'NetworkPolicy/bank/two'];
  const documents = parseAccepted(text, 'old.yaml', keys);
  assert.deepEqual(documents.map(documentKey), keys);
  assert.deepEqual(
    documents.map(({ unreadable }) => unreadable),
    [
      undefined,
      "old.yaml:3: spec.ingress[1].ports[0].port: found 'HTTP', expected a port from 1 to 65535 " +
        "or a port's name",
    ],
  );
  const cluster = new Cluster();
  cluster.set.apply(documents);
  assert.equal(cluster.verdict('api > database TCP 80'), 'allow');
  assert.equal(cluster.verdict('database > api TCP 80'), 'deny');
  assert.equal(cluster.verdict('teller > vault TCP 80'), 'deny');
  assert.equal(cluster.verdict('api > frontend TCP 80'), 'allow');
});
