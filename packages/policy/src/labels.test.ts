import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { entityMatches } from './entities.ts';
import {
  formatLabel,
  LabelError,
  makeLabels,
  makeSelector,
  parseLabel,
  readCanonical,
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
  assert.equal(other.canonical, one.canonical);
  assert.deepEqual(readCanonical(one.canonical).map(formatLabel), [
    'any:a=3',
    'k8s:a=1',
    'k8s:b=2',
  ]);
});

test('labels with signs of the notation in keys and values stay apart', () => {
  const two = workloadLabels({ app: 'db', backup: '1' }, 'shop');
  const one = workloadLabels({ app: 'db;k8s:backup=1' }, 'shop');
  assert.notEqual(one.canonical, two.canonical);

  // Few signs, so that the same text is often written in two ways.
  const text = fc.string({ unit: fc.constantFrom('a', ';', '=', ':', '|', ',', '"', '\\', '[') });
  const label = fc.record({ source: fc.constantFrom('k8s', 'any'), key: text, value: text });
  const labels = fc.array(label, { maxLength: 3 });
  fc.assert(
    fc.property(labels, labels, (left, right) => {
      const [a, b] = [makeLabels(left), makeLabels(right)];
      assert.equal(a.canonical === b.canonical, isDeepStrictEqual(a.list, b.list));
      assert.deepEqual(readCanonical(a.canonical), a.list);
    }),
    { numRuns: 2000 },
  );
});

test('selectors are canonical, whatever the order of requirements and values', () => {
  const a: Requirement = { source: 'k8s', key: 'a', operator: 'In', values: ['y', 'x', 'x'] };
  const b: Requirement = { source: 'any', key: 'b', operator: 'Exists', values: [] };
  const selector = makeSelector([a, b, a]);
  assert.equal(selector.canonical, 'any:b && k8s:a in ("x","y")');
  assert.equal(makeSelector([b, a]).canonical, selector.canonical);
});

test('selectors with signs of the notation in keys stay apart', () => {
  const exists = (key: string): Requirement => ({
    ...{ source: 'k8s', operator: 'Exists', values: [] },
    key,
  });
  const two = makeSelector([exists('a'), exists('b')]);
  const one = makeSelector([exists('a && k8s:b')]);
  assert.notEqual(one.canonical, two.canonical);
  assert.equal(one.canonical, '"k8s:a && k8s:b"');
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

test('a workload cannot say where it is', () => {
  const own = {
    'io.cilium.k8s.namespace.labels.team': 'trusted',
    'io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': 'bank',
    'io.cilium.k8s.policy.cluster': 'other',
    'io.kubernetes.pod.namespace': 'bank',
  };
  assert.equal(workloadLabels(own, 'shop').canonical, workloadLabels({}, 'shop').canonical);
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
