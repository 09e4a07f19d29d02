import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entityMatches } from './entities.ts';
import {
  formatLabel,
  LabelError,
  makeLabels,
  makeSelector,
  parseLabel,
  type Requirement,
  reservedLabels,
  selectorMatches,
  workloadLabels,
} from './labels.ts';

test('labels are read and written', () => {
  const cases: [string, string][] = [
    ['k8s:app=api', 'k8s:app=api'],
    ['app=api', 'unspec:app=api'],
    ['app', 'unspec:app='],
    ['reserved:host', 'reserved:host='],
    ['k8s:example.com/zone=a=b', 'k8s:example.com/zone=a=b'],
    ['k8s:url=http://x', 'k8s:url=http://x'],
  ];
  for (const [text, want] of cases) assert.equal(formatLabel(parseLabel(text)), want);
  for (const text of ['', '=a', 'k8s:=a']) assert.throws(() => parseLabel(text), LabelError);
});

test('labels are canonical, whatever their order', () => {
  const one = makeLabels(['k8s:b=2', 'k8s:a=1', 'any:a=3'].map((text) => parseLabel(text)));
  const other = makeLabels(
    ['any:a=3', 'k8s:a=0', 'k8s:b=2', 'k8s:a=1'].map((text) => parseLabel(text)),
  );
  assert.equal(one.canonical, 'any:a=3;k8s:a=1;k8s:b=2');
  assert.equal(other.canonical, one.canonical);
});

test('selectors are canonical, whatever the order of requirements and values', () => {
  const a: Requirement = { source: 'k8s', key: 'a', operator: 'In', values: ['y', 'x', 'x'] };
  const b: Requirement = { source: 'any', key: 'b', operator: 'Exists', values: [] };
  const selector = makeSelector([a, b, a]);
  assert.equal(selector.canonical, 'any:b && k8s:a in ("x","y")');
  assert.equal(makeSelector([b, a]).canonical, selector.canonical);
});

test('a selector’s requirements', () => {
  const labels = makeLabels(
    ['k8s:app=api', 'cni:zone=a', 'reserved:init'].map((text) => parseLabel(text)),
  );
  const cases: [Requirement['operator'], string, string, string[], boolean][] = [
    ['In', 'k8s', 'app', ['api', 'web'], true],
    ['In', 'any', 'app', ['api'], true],
    ['In', 'cni', 'app', ['api'], false],
    ['In', 'k8s', 'app', ['web'], false],
    ['In', 'k8s', 'none', ['x'], false],
    ['NotIn', 'k8s', 'app', ['web'], true],
    ['NotIn', 'k8s', 'app', ['api'], false],
    ['NotIn', 'k8s', 'none', ['x'], true],
    ['Exists', 'any', 'zone', [], true],
    ['Exists', 'k8s', 'zone', [], false],
    ['DoesNotExist', 'k8s', 'zone', [], true],
    ['DoesNotExist', 'any', 'zone', [], false],
  ];
  for (const [operator, source, key, values, want] of cases) {
    const selector = makeSelector([{ operator, source, key, values }]);
    assert.equal(selectorMatches(selector, labels), want, selector.canonical);
  }
  assert.equal(selectorMatches(makeSelector([]), labels), true);
});

test('a workload carries its namespace and its namespace’s labels', () => {
  const labels = workloadLabels({ app: 'api' }, 'shop', { team: 'red' });
  assert.deepEqual(labels.list.map(formatLabel), [
    'k8s:app=api',
    'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop',
    'k8s:io.cilium.k8s.namespace.labels.team=red',
    'k8s:io.kubernetes.pod.namespace=shop',
  ]);
});

test('entities', () => {
  assert.ok(entityMatches('world', reservedLabels('world-ipv4')));
  assert.ok(entityMatches('cluster', reservedLabels('kube-apiserver', 'world')));
  assert.ok(!entityMatches('cluster', reservedLabels('world')));
  assert.ok(!entityMatches('cluster', reservedLabels('unknown')));
  assert.ok(entityMatches('cluster', workloadLabels({}, 'shop')));
  assert.ok(entityMatches('all', reservedLabels('unknown')));
  assert.ok(!entityMatches('none', reservedLabels('host')));
});
