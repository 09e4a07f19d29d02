import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { runSkep } from '../testing/run-skep.ts';
import { TestNode } from './decide.ts';
import { formatReport } from './run.ts';
import { parsePolicyTest, PolicyTestError } from './test-file.ts';

const SHOP = fileURLToPath(new URL('../../../../examples/policy-tests/shop.yaml', import.meta.url));

/** A test of two endpoints; `spec` is what else it says. */
function testFile(spec: string): string {
  return `
apiVersion: skep.dev/v1
kind: PolicyTest
metadata: { name: pair }
spec:
  endpoints:
    - { name: web, labels: { app: web } }
    - { name: api, labels: { app: api }, ports: [{ name: rest, port: 80 }] }
  policies:
    - |
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: { name: api, namespace: default }
      spec:
        podSelector: { matchLabels: { app: api } }
        ingress:
          - from: [{ podSelector: { matchLabels: { app: web } } }]
            ports: [{ port: rest }]
${spec}`;
}

function seen(spec: string): string[] {
  return new TestNode(parsePolicyTest(testFile(spec), 'pair.yaml'), '.')
    .run()
    .map((verdict) => verdict.seen);
}

test("the shop's policies do what their test says", () => {
  const verdicts = new TestNode(parsePolicyTest(readFileSync(SHOP, 'utf8'), SHOP), dirname(SHOP));
  const wrong = verdicts.run().filter(({ probe, seen: verdict }) => probe.expect !== verdict);
  assert.deepEqual(wrong, []);
});

test('every protocol, and an address outside', () => {
  const verdicts = seen(`
  outside: { internet: 192.0.2.1 }
  probes:
    - { from: web, to: api, port: rest, expect: allow }
    - { from: web, to: api, port: 81, expect: deny }
    - { from: web, to: api, port: 80, protocol: UDP, expect: deny }
    - { from: web, to: api, port: 80, protocol: SCTP, expect: deny }
    - { from: web, to: api, protocol: ICMP, expect: deny }
    - { from: api, to: web, protocol: ICMP, expect: allow }
    - { from: internet, to: api, port: rest, expect: deny }
    - { from: api, to: internet, port: 443, expect: allow }`);
  assert.deepEqual(verdicts, ['allow', 'deny', 'deny', 'deny', 'deny', 'allow', 'deny', 'allow']);
});

test('a failing probe is told with the rule that decided and what would change it', () => {
  const spec = '  probes: [{ from: web, to: api, port: rest, expect: deny }]';
  const verdicts = new TestNode(parsePolicyTest(testFile(spec), 'pair.yaml'), '.').run();
  const report = stripVTControlCharacters(formatReport('pair.yaml', verdicts));
  const lines = report.split('\n');
  assert.equal(lines[0], '✗ pair.yaml: 0 of 1 probes as expected');
  assert.equal(lines[1], '  web -> api TCP rest: expected deny, seen allow');
  assert.match(report, /default\/api ingress\[0\]/);
});

test('a failing file ends with exit status 1, and its JSON says why', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-policy-test-'));
  try {
    const file = join(directory, 'pair.yaml');
    writeFileSync(file, testFile('  probes: [{ from: api, to: web, port: 1, expect: deny }]'));
    const { status, output } = await runSkep('policy', 'test', '--json', file);
    assert.equal(status, 1);
    const [report] = JSON.parse(output);
    assert.equal(report.test, 'pair');
    assert.deepEqual(
      [report.verdicts[0].expect, report.verdicts[0].seen, report.verdicts[0].why.length],
      ['deny', 'allow', 2],
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

describe('what a test file may not say is told by its path', () => {
  const refused: readonly (readonly [title: string, text: string, problem: RegExp])[] = [
    [
      'a verdict',
      testFile('  probes: [{ from: a, to: b, expect: maybe }]'),
      /spec\.probes\.0\.expect/,
    ],
    ['a key', testFile('  endpoint: 1'), /x\.yaml: spec: .*endpoint/],
    ['broken YAML', 'a: [', /^x\.yaml: /],
    ['another kind', testFile('').replace('kind: PolicyTest', 'kind: Lab'), /^x\.yaml: kind: /],
  ];
  for (const [title, text, message] of refused) {
    test(title, () => {
      assert.throws(() => parsePolicyTest(text, 'x.yaml'), { code: 'ERR_POLICY_TEST', message });
    });
  }
});

describe('what is not there is named', () => {
  const absent: readonly (readonly [spec: string, message: RegExp])[] = [
    ['  probes: [{ from: web, to: sql, expect: deny }]', /'sql' is none of web, api/],
    ['  probes: [{ from: web, to: api, port: x, expect: deny }]', /api has no port 'x'/],
    ['  steps: [{ name: later, delete: [a/b/c] }]', /later: no policy a\/b\/c to delete/],
    ['  steps: [{ name: later, relabel: { sql: {} } }]', /later: no endpoint 'sql' to relabel/],
    [
      '  outside: { a: 192.0.2.1, b: 192.0.2.2 }\n  probes: [{ from: a, to: b, expect: deny }]',
      /a -> b: no end is an endpoint/,
    ],
  ];
  for (const [spec, message] of absent) {
    test(String(message), () => {
      assert.throws(
        () => seen(spec),
        (error: Error) => error instanceof PolicyTestError && message.test(error.message),
      );
    });
  }
});
