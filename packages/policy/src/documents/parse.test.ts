import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyDocumentError } from './document-error.ts';
import { parsePolicies } from './parse.ts';

const HEAD = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
`;

test('of text that is no YAML the first error is told, in one short line', () => {
  const text = `# Title\nSome: words: more\n| a | b |\n} ${'words '.repeat(1000)}\n- {`;
  assert.throws(
    () => parsePolicies(text, { file: 'README.md' }),
    (error: Error) => {
      assert.match(error.message, /^README\.md:2: not YAML: .{1,110}$/);
      return true;
    },
  );
  const twice = 'a: 1\na: 2\nb: 1\nb: 2';
  assert.throws(() => parsePolicies(twice, { file: 'x' }), /^[^\n]*x:2: [^\n]*\nx:4: [^\n]*$/);
});

test('text that is no YAML is refused at its line', () => {
  assert.throws(
    () => parsePolicies('a: [1\nb: 2', { file: 'shop.yaml' }),
    /shop\.yaml:\d: not YAML/,
  );
  assert.throws(() => parsePolicies('a: 1\na: 2', { file: 'shop.yaml' }), /shop\.yaml:2: not YAML/);
  assert.throws(() => parsePolicies('a: &a [*a, *a]', { file: 'x' }), PolicyDocumentError);
});

test('empty documents and comments are no policies', () => {
  assert.deepEqual(parsePolicies('# nothing\n---\n---\n', { file: 'a' }), []);
});

test('lists, JSON and several documents are read; rules know their name and line', () => {
  const text = `${HEAD}spec:
  podSelector: {}
  ingress:
  - {}
  - ports: [{port: 80}]
---
kind: NetworkPolicyList
apiVersion: networking.k8s.io/v1
items:
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: listed}}
---
{"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": {"name": "c"},
 "specs": [{"endpointSelector": {}, "description": "x", "labels": [{"key": "a", "value": "b"}],
  "log": {"value": "y"}, "egressDeny": [{}]}], "status": {}}`;
  const documents = parsePolicies(text, { file: 'a.yaml', defaultNamespace: 'shop' });
  const names = documents.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
  assert.deepEqual(names, [
    'NetworkPolicy shop/api',
    'NetworkPolicy shop/listed',
    'CiliumClusterwideNetworkPolicy /c',
  ]);
  const rules = documents.flatMap(({ ruleSets }) => ruleSets.flatMap((ruleSet) => ruleSet.rules));
  assert.deepEqual(
    rules.map(({ name, position }) => `${position.file}:${position.line} ${name}`),
    [
      'a.yaml:7 shop/api ingress[0]',
      'a.yaml:8 shop/api ingress[1]',
      'a.yaml:17 c specs[0] egressDeny[0]',
    ],
  );
});
