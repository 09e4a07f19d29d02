/** What stands around the rules of a policy: its name, the list that it is in, and messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyDocumentError } from './document-error.ts';
import { parsePolicies } from './parse.ts';

const policy = (metadata: string, spec = '{}') =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: ${metadata}\nspec: ${spec}`;
const list = (kind: string, rest: string) => `apiVersion: v1\nkind: ${kind}\n${rest}`;

const NAME = 'small letters, digits, hyphens and dots, at most 253';
const NAMESPACE = 'small letters, digits and hyphens, at most 63';
const KINDS = 'NetworkPolicy, CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy';

const REFUSED: readonly { name: string; have: string; want: readonly string[] }[] = [
  {
    name: 'fields of metadata that Kubernetes has not',
    have: policy('{name: a, nameSpace: prod, label: {a: b}}'),
    want: ['a:3: metadata.nameSpace: unknown field', 'a:3: metadata.label: unknown field'],
  },
  ...['', 'b/c', 'A', 'a_b', '-a', 'a.', 'a..b', 'x'.repeat(254)].map((name) => ({
    name: `the name '${name}'`,
    have: policy(`{name: '${name}'}`),
    want: [`a:3: metadata.name: found '${name}', expected ${NAME}`],
  })),
  ...['', 'a/b', 'A', 'a.b', 'a-', 'x'.repeat(64)].map((name) => ({
    name: `the namespace '${name}'`,
    have: policy(`{name: a, namespace: '${name}'}`),
    want: [`a:3: metadata.namespace: found '${name}', expected ${NAMESPACE}`],
  })),
  {
    name: 'a list with a policy of its own',
    have: list('NetworkPolicyList', 'items: []\nspec: {podSelector: {}}'),
    want: ['a:4: spec: unknown field'],
  },
  {
    name: 'a list of something else, however empty',
    have: list('PodList', 'items: []'),
    want: [`a:2: kind: found 'PodList', expected one of ${KINDS}`],
  },
  {
    name: 'items that are none, and every list of a file',
    have: `${list('List', 'items: [text]')}\n---\n${list('List', 'item: []')}`,
    want: [
      "a:3: items[0]: found 'text', expected a mapping",
      'a:5: items: found nothing, expected a list',
      'a:7: item: unknown field',
    ],
  },
  {
    name: 'an item of a List that says nothing of its kind',
    have: list('List', 'items: [{metadata: {name: a}}]'),
    want: [`a:3: kind: found nothing, expected one of ${KINDS}`],
  },
  {
    name: 'signs that would do something to a terminal',
    have: policy(
      '{name: a}',
      '{ingress: [{from: [{ipBlock: {cidr: "1.2.3.4/8\\n\\e[2J\\x7f\\x9b\\u2028\\u202e"}}]}],\n' +
        '  "\\e]0;x\\a": 1}',
    ),
    want: [
      "a:4: spec.ingress[0].from[0].ipBlock.cidr: found '1.2.3.4/8\\u000a\\u001b[2J\\u007f\\u009b" +
        "\\u2028\\u202e', expected an IPv4 or IPv6 prefix",
      'a:5: spec["\\u001b]0;x\\u0007"]: unknown field',
    ],
  },
];

for (const { name, have, want } of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => parsePolicies(have, { file: 'a' }),
      (error) => {
        assert.ok(error instanceof PolicyDocumentError);
        assert.deepEqual(error.message.split('\n'), want);
        return true;
      },
    );
  });
}

test('metadata as kubectl shows it', () => {
  const text = policy(`{name: a.b-1, namespace: shop-2, generateName: a, selfLink: '', uid: u,
    resourceVersion: '1', generation: 1, creationTimestamp: null, deletionTimestamp: null,
    deletionGracePeriodSeconds: 1, labels: {a: b}, annotations: {c: d}, ownerReferences: [],
    finalizers: [], managedFields: [{}]}`);
  const [document] = parsePolicies(text, { file: 'a' });
  assert.equal(`${document!.namespace}/${document!.name}`, 'shop-2/a.b-1');
});

test('items of a list of one kind are of that kind', () => {
  const text = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicyList
metadata: {resourceVersion: ''}
items:
- metadata: {name: a}
- {metadata: {name: b}, kind: NetworkPolicy, apiVersion: networking.k8s.io/v1}
- metadata: {name: c}
  spec: {ingress: [{}]}`;
  const documents = parsePolicies(text, { file: 'a' });
  assert.deepEqual(
    documents.map(({ kind, name, position }) => `${kind} ${name} ${position.line}`),
    ['NetworkPolicy a 5', 'NetworkPolicy b 6', 'NetworkPolicy c 7'],
  );
  assert.equal(documents[2]!.ruleSets[0]!.rules[0]!.position.line, 8);
});
