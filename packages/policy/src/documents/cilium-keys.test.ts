import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyDocumentError } from './document-error.ts';
import { parsePolicies } from './parse.ts';

const SOURCE = 'a key of source k8s, any or reserved';
const PLACE = 'a label that endpoints have here: of io.cilium.k8s. those of their namespace';
const NAMES =
  'unknown, host, world, unmanaged, health, init, remote-node, kube-apiserver, ingress, ' +
  'world-ipv4, world-ipv6';

const REFUSED: readonly { readonly have: string; readonly want: string }[] = [
  { have: '', want: 'a text that is not empty' },
  { have: 'k8s:', want: 'a key after the source' },
  // What Cilium reads as another source than it says.
  { have: '$init', want: "'reserved:init'" },
  { have: 'reserved.world-ipv4', want: "'reserved:world-ipv4'" },
  { have: ':app', want: "'any:app'" },
  // What no label has here.
  { have: '$x:app', want: SOURCE },
  { have: 'reserved.x:app', want: SOURCE },
  { have: 'container:app', want: SOURCE },
  { have: 'K8s:app', want: SOURCE },
  { have: 'reserved:hosts', want: `reserved: and one of ${NAMES}` },
  { have: 'k8s:io.cilium.k8s.policy.serviceaccount', want: PLACE },
  { have: 'io.cilium.k8s.policy.cluster', want: PLACE },
];

const ACCEPTED = [
  ...['app', 'k8s:app', 'any:app', 'example.com/zone', 'k8s:$app', 'any.app', 'reserved'],
  ...['reserved:host', 'reserved:world-ipv6', 'io.kubernetes.pod.namespace'],
  ...['k8s:io.cilium.k8s.namespace.labels.team', 'io.cilium.k8s.namespace.labels.example.com/x'],
];

/** Every place of a selector, in a policy of nodes and in one of endpoints. */
const PLACES = [
  'spec.endpointSelector',
  'specs[1].nodeSelector',
  'spec.ingress[0].fromEndpoints[0]',
  'spec.ingressDeny[0].fromEndpoints[1]',
  'spec.egress[0].toEndpoints[0]',
  'spec.egressDeny[0].toEndpoints[0]',
];

function policyWith(selector: object): string {
  const fromEndpoints = [selector];
  const spec = {
    endpointSelector: selector,
    ingress: [{ fromEndpoints }],
    ingressDeny: [{ fromEndpoints: [{}, selector] }],
    egress: [{ toEndpoints: [selector] }],
    egressDeny: [{ toEndpoints: [selector] }],
  };
  return JSON.stringify({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumClusterwideNetworkPolicy',
    metadata: { name: 'a' },
    spec,
    specs: [{ endpointSelector: {} }, { nodeSelector: selector }],
  });
}

function problemsOf(text: string): string[] {
  try {
    parsePolicies(text, { file: 'a.yaml' });
  } catch (error) {
    assert.ok(error instanceof PolicyDocumentError);
    return error.message.split('\n').sort();
  }
  return [];
}

for (const { have, want } of REFUSED) {
  test(`refused in a selector: the key ${JSON.stringify(have)}`, () => {
    const step = /^[\w-]+$/.test(have) ? `.${have}` : `[${JSON.stringify(have)}]`;
    assert.deepEqual(
      problemsOf(policyWith({ matchLabels: { [have]: '' } })),
      PLACES.map(
        (place) =>
          `a.yaml:1: ${place}.matchLabels${step}: found the key '${have}', expected ${want}`,
      ).sort(),
    );
    assert.deepEqual(
      problemsOf(policyWith({ matchExpressions: [{ key: have, operator: 'Exists' }] })),
      PLACES.map(
        (place) => `a.yaml:1: ${place}.matchExpressions[0].key: found '${have}', expected ${want}`,
      ).sort(),
    );
  });
}

test('keys of the sources that labels have are taken', () => {
  for (const key of ACCEPTED) {
    assert.deepEqual(problemsOf(policyWith({ matchLabels: { [key]: '' } })), [], key);
  }
});

test('a key of Kubernetes has no source, and is not empty', () => {
  const policy = (key: string) =>
    JSON.stringify({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'a' },
      spec: { podSelector: { matchLabels: { [key]: '' } } },
    });
  assert.deepEqual(problemsOf(policy('')), [
    'a.yaml:1: spec.podSelector.matchLabels[""]: found the key \'\', expected a text that is not ' +
      'empty',
  ]);
  assert.deepEqual(problemsOf(policy('container:app')), []);
});
