import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIdentityLabel, formatLabels } from './output.ts';

test('labels are shown as they are written', () => {
  const labels = { app: 'api', 'example.com/zone': 'a.b-c_d', empty: '', städte: 'Köln' };
  assert.equal(formatLabels(labels), 'app=api,example.com/zone=a.b-c_d,empty=,städte=Köln');
  assert.equal(formatIdentityLabel('k8s:app=api'), 'k8s:app=api');
  assert.equal(formatIdentityLabel('reserved:host='), 'reserved:host=');
});

test('labels that would look like something else are quoted', () => {
  const rows: [value: string, shown: string][] = [
    ['db,backup=1', '"db,backup=1"'],
    ['a\n1   shop/api  ready', '"a\\n1   shop/api  ready"'],
    ['\u001b[8mhidden', '"\\u001b[8mhidden"'],
    ['\u009b8mhidden', '"\\u{9b}8mhidden"'],
    ['\u202egnp', '"\\u{202e}gnp"'],
    ['say "x"', '"say \\"x\\""'],
  ];
  for (const [value, shown] of rows) {
    assert.equal(formatLabels({ app: value }), `app=${shown}`);
    const label = formatIdentityLabel(`k8s:app=${value}`);
    assert.equal(label, value.includes('=') ? `"k8s:app=${value}"` : `k8s:app=${shown}`);
  }
});
