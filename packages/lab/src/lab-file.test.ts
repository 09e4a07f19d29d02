import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PolicyDocumentError } from '@skep/policy';
import { parseLab } from './lab-file.ts';

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
    assert.ok(error instanceof PolicyDocumentError);
    return error.problems.map(({ path, detail }) => `${path}: ${detail}`);
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

test('one port of TCP and of UDP are two', () => {
  const more = 'serves: [{ name: dns, protocol: UDP, port: 80, kind: udp }, ';
  assert.deepEqual(problemsOf(lab('').replace('serves: [', more)), []);
});

test('what is left out has a default', () => {
  const { endpoints, policies, probes } = parseLab(lab(''), 'lab.yaml');
  assert.equal(endpoints[0]!.namespace, 'default');
  assert.deepEqual(endpoints[0]!.serves, []);
  assert.deepEqual([policies, probes], [[], []]);
});

const refused: readonly (readonly [title: string, text: string, problem: RegExp])[] = [
  ['an unknown key', lab('  endpoint: 1'), /^spec\.endpoint: unknown field/],
  [
    'an address of the other family',
    lab('', 'ipv6: 10.0.0.2'),
    /^spec\.endpoints\[1\]\.ipv6: found '10\.0\.0\.2', expected an IPv6 address of a host/,
  ],
  ['an address of no host', lab('', 'ipv4: 224.0.0.1'), /^spec\.endpoints\[1\]\.ipv4: found/],
  ['no address', lab('', 'labels: {}'), /^spec\.endpoints\[1\]: .* ipv4, ipv6 or both/],
  ['an address twice', lab('', 'ipv4: 10.0.0.1'), /endpoints\[1\]\.ipv4: 10\.0\.0\.1 is taken/],
  [
    'a probe from nobody',
    lab('  probes: [{ from: x, to: api, port: rest, expect: allowed }]'),
    /^spec\.probes\[0\]\.from: found 'x', expected one of web, api$/,
  ],
  [
    'a probe of itself, which no policy is asked about',
    lab('  probes: [{ from: api, to: api, port: rest, expect: dropped }]'),
    /^spec\.probes\[0\]\.to: found its own name, expected another end$/,
  ],
  [
    'a port served twice',
    lab('', 'ipv4: 10.0.0.2').replace(
      'serves: [',
      'serves: [{ name: metrics, protocol: TCP, port: 80, kind: tcp }, ',
    ),
    /^spec\.endpoints\[1\]\.serves\[1\]\.port: 80 of TCP is taken by metrics$/,
  ],
  [
    'a name of two servers',
    lab('', 'ipv4: 10.0.0.2').replace(
      'serves: [',
      'serves: [{ name: rest, protocol: UDP, port: 80, kind: udp }, ',
    ),
    /^spec\.endpoints\[1\]\.serves\[1\]\.name: rest is taken$/,
  ],
  [
    'a probe of what is not served',
    lab('  probes: [{ from: web, to: api, port: sql, expect: allowed }]'),
    /^spec\.probes\[0\]\.port: found 'sql', expected one of rest$/,
  ],
  [
    'an unknown verdict',
    lab('  probes: [{ from: web, to: api, port: rest, expect: maybe }]'),
    /^spec\.probes\[0\]\.expect: found 'maybe', expected allowed or dropped$/,
  ],
  [
    'a message that nothing answers',
    lab('  probes: [{ from: web, to: api, icmp: Redirect, expect: dropped }]'),
    /^spec\.probes\[0\]\.icmp: found 'Redirect', expected EchoRequest$/,
  ],
  [
    'a probe of nothing',
    lab('  probes: [{ from: web, to: api, expect: dropped }]'),
    /^spec\.probes\[0\]: .*either port or icmp/,
  ],
  [
    'a namespace that no policy could name',
    lab('').replace('name: web', 'name: web, namespace: my.shop'),
    /namespace: found 'my\.shop', expected small letters, digits and hyphens, at most 63$/,
  ],
  ["the node's name", lab('').replace('name: web', 'name: node'), /expected another name/],
  ['another kind', lab('').replace('Lab', 'Pod'), /^kind: found 'Pod', expected Lab$/],
  ['broken YAML', 'spec: [', /not YAML/],
];

for (const [title, text, problem] of refused) {
  test(`${title} is refused by its path`, () => {
    const problems = problemsOf(text);
    assert.match(problems[0] ?? 'accepted', problem);
  });
}
