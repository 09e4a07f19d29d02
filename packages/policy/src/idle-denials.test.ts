import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicies } from './documents/parse.ts';
import { idleDenials } from './idle-denials.ts';

const HEAD = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\n';
const IDLE = 'which nothing on this node is';

const CASES: readonly { name: string; spec: string; want: readonly string[] }[] = [
  {
    name: 'entities that nothing has, beside others',
    spec: `{egress: [{toEntities: [all]}],
      egressDeny: [{toEntities: [kube-apiserver, host, health]}]}`,
    want: [
      `a.yaml:5: default/a egressDeny[0]: denies kube-apiserver and health, ${IDLE} (deny ` +
        'addresses instead, by toCIDR)',
    ],
  },
  {
    name: 'reserved labels that nothing has, by In and by Exists',
    spec: `{ingressDeny: [{fromEndpoints: [
      {matchLabels: {'reserved:remote-node': ''}},
      {matchExpressions: [{key: 'reserved:ingress', operator: Exists}]},
      {matchExpressions: [{key: 'reserved:health', operator: DoesNotExist}]}]}]}`,
    want: [
      `a.yaml:4: default/a ingressDeny[0]: denies remote-node and ingress, ${IDLE} (deny ` +
        'addresses instead, by fromCIDR)',
    ],
  },
  {
    name: 'what is there, and nobody in so many words',
    spec: `{egressDeny: [{toEntities: [world, world-ipv4, cluster, host, init, all, none]}],
      ingressDeny: [{fromEndpoints: [{matchLabels: {'reserved:host': ''}}, {}]}]}`,
    want: [],
  },
  {
    name: 'rules that allow: nobody has more than was meant',
    spec: '{ingress: [{fromEntities: [remote-node, kube-apiserver]}]}',
    want: [],
  },
];

for (const { name, spec, want } of CASES) {
  test(`deny rules about nobody: ${name}`, () => {
    const text = `${HEAD}spec: ${spec.replace('{', '{endpointSelector: {}, ')}`;
    assert.deepEqual(idleDenials(parsePolicies(text, { file: 'a.yaml' })), want);
  });
}
