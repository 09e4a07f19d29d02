import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LabFileError, parseLab } from './lab-file.ts';

const SHOP = new URL('../../../examples/labs/shop.yaml', import.meta.url);

/** A lab of two endpoints, with more in its spec. */
function lab(more: string, api = 'ipv4: 10.0.0.2'): string {
  return `
apiVersion: skep.dev/v1
kind: Lab
metadata: { name: small }
spec:
  endpoints:
    - { name: web, ipv4: 10.0.0.1 }
    - { name: api, ${api}, serves: [{ name: rest, protocol: TCP, port: 80, kind: http }] }
${more}`;
}

function problemsOf(text: string): readonly string[] {
  try {
    parseLab(text, 'lab.yaml');
  } catch (error) {
    assert.ok(error instanceof LabFileError);
    return error.problems;
  }
  return [];
}

test('the shop is a lab', () => {
  const shop = parseLab(readFileSync(SHOP, 'utf8'), 'shop.yaml');
  assert.equal(shop.name, 'shop');
  assert.deepEqual(
    shop.endpoints.map((each) => each.name),
    ['frontend', 'api', 'database', 'intruder'],
  );
});

test('what is left out has a default', () => {
  const { endpoints, policies, probes } = parseLab(lab(''), 'lab.yaml');
  assert.equal(endpoints[0]!.namespace, 'default');
  assert.deepEqual(endpoints[0]!.serves, []);
  assert.deepEqual([policies, probes], [[], []]);
});

const refused: readonly (readonly [title: string, text: string, problem: RegExp])[] = [
  ['an unknown key', lab('  endpoint: 1'), /^spec: .*endpoint/],
  [
    'an address of the other family',
    lab('', 'ipv6: 10.0.0.2'),
    /^spec\.endpoints\.1\.ipv6: .*IPv6/,
  ],
  ['no address', lab('', 'labels: {}'), /^spec\.endpoints\.1: expected ipv4, ipv6 or both/],
  ['an address twice', lab('', 'ipv4: 10.0.0.1'), /10\.0\.0\.1 is given twice/],
  [
    'a probe from nobody',
    lab('  probes: [{ from: x, to: api, port: rest, expect: allowed }]'),
    /^spec\.probes\.0\.from: no endpoint 'x'/,
  ],
  [
    'a probe of what is not served',
    lab('  probes: [{ from: web, to: api, port: sql, expect: allowed }]'),
    /^spec\.probes\.0\.port: 'sql', but api serves rest/,
  ],
  [
    'an unknown verdict',
    lab('  probes: [{ from: web, to: api, port: rest, expect: maybe }]'),
    /^spec\.probes\.0\.expect: /,
  ],
  ["the node's name", lab('').replace('name: web', 'name: node'), /'node' is the node's own name/],
  ['broken YAML', 'spec: [', /./],
];

for (const [title, text, problem] of refused) {
  test(`${title} is refused by its path`, () => {
    const problems = problemsOf(text);
    assert.match(problems[0] ?? 'accepted', problem);
  });
}
