import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { type Answer, type Exchange, type LabApi, SimulatedLab } from '@skep/lab';
import { PolicyDocumentError } from '@skep/policy';
import { runSkep } from '../testing/run-skep.ts';
import { readPolicyTest } from './read-policy-test.ts';
import { formatReport, toJson } from './report.ts';
import { isAsExpected, runPolicyTest, type TestVerdict } from './run-test.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/policy-tests/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'skep-policy-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A test of two endpoints; `spec` is what else it says. */
function testText(spec: string): string {
  return `
apiVersion: skep.dev/v1
kind: PolicyTest
metadata: { name: pair }
spec:
  endpoints:
    - { name: web, labels: { app: web } }
    - { name: api, labels: { app: api }, ports: [{ name: rest, port: 80 }] }
    - { name: old, labels: { app: old }, ipv4: 10.0.0.9 }
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

function write(text: string, name = 'pair.yaml'): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function decide(spec: string, lab: LabApi = new SimulatedLab()): Promise<TestVerdict[]> {
  return runPolicyTest(readPolicyTest(write(testText(spec))), { lab });
}

/** `IPv4 allow` of each verdict. */
async function seen(spec: string): Promise<string[]> {
  const verdicts = await decide(spec);
  return verdicts.map(({ exchange, seen: verdict }) => `IPv${exchange.family} ${verdict}`);
}

function problemsOf(text: string): string[] {
  try {
    readPolicyTest(write(text, 'x.yaml'));
  } catch (error) {
    assert.ok(error instanceof PolicyDocumentError, String(error));
    return error.problems.map(({ line, path, detail }) => `${line} ${path}: ${detail}`);
  }
  return [];
}

for (const name of ['shop', 'dual-stack', 'rollout', 'node']) {
  test(`the example ${name} is as its file expects`, async () => {
    const read = readPolicyTest(join(EXAMPLES, `${name}.yaml`));
    const verdicts = await runPolicyTest(read, { lab: new SimulatedLab(read.host) });
    assert.ok(verdicts.length > 0);
    assert.deepEqual(
      verdicts.filter((each) => !isAsExpected(each)),
      [],
    );
  });
}

const BOTH_DENIED = ['IPv4 deny', 'IPv6 deny'];
const BOTH_ALLOWED = ['IPv4 allow', 'IPv6 allow'];
const verdictTable: readonly { name: string; have: string; want: readonly string[] }[] = [
  { name: 'a named port', have: 'from: web, to: api, port: rest', want: BOTH_ALLOWED },
  { name: 'another port', have: 'from: web, to: api, port: 81', want: BOTH_DENIED },
  { name: 'UDP', have: 'from: web, to: api, port: 80, protocol: UDP', want: BOTH_DENIED },
  { name: 'SCTP', have: 'from: web, to: api, port: 80, protocol: SCTP', want: BOTH_DENIED },
  { name: 'SCTP, open', have: 'from: api, to: web, port: 8, protocol: SCTP', want: BOTH_ALLOWED },
  { name: 'an echo', have: 'from: web, to: api, icmp: EchoRequest', want: BOTH_DENIED },
  { name: 'an echo, open', have: 'from: api, to: web, icmp: EchoRequest', want: BOTH_ALLOWED },
  {
    name: 'a type by number',
    have: 'from: api, to: web, icmp: 13, family: IPv4',
    want: ['IPv4 allow'],
  },
  { name: 'one family', have: 'from: web, to: api, port: 80, family: IPv6', want: ['IPv6 allow'] },
  { name: 'the only shared family', have: 'from: old, to: api, port: 80', want: ['IPv4 deny'] },
  { name: 'from outside', have: 'from: internet, to: api, port: rest', want: BOTH_DENIED },
  { name: 'to outside', have: 'from: api, to: internet, port: 443', want: BOTH_ALLOWED },
];
describe('verdicts on the machine', () => {
  for (const { name, have, want } of verdictTable) {
    test(name, async () => {
      const outside = '  outside: { internet: [192.0.2.1, "2001:db8::1"] }\n';
      assert.deepEqual(await seen(`${outside}  probes: [{ ${have}, expect: allow }]`), want);
    });
  }

  test('steps change labels, policies and endpoints', async () => {
    const verdicts = await decide(`
  probes: [{ from: old, to: api, port: 80, expect: deny }]
  steps:
    - name: relabelled
      relabel: { old: { app: web } }
      probes: [{ from: old, to: api, port: 80, expect: allow }]
    - name: replaced
      remove: [old]
      add: [{ name: old, ipv4: 10.0.0.9 }]
      probes: [{ from: old, to: api, port: 80, expect: deny }]
    - name: open
      delete: [NetworkPolicy/default/api]
      probes: [{ from: old, to: api, port: 80, expect: allow }]`);
    assert.deepEqual(
      verdicts.map(({ step, seen: verdict }) => `${step} ${verdict}`),
      [' deny', 'relabelled allow', 'replaced deny', 'open allow'],
    );
    assert.ok(verdicts.every(isAsExpected));
  });
});

describe('a report', () => {
  const RULE = "'default/api ingress[0]' (./pair.yaml:18)";
  const WRONG = '  probes:\n    - { from: web, to: api, port: rest, expect: deny }';

  async function report(spec: string): Promise<{ text: string; verdicts: TestVerdict[] }> {
    const read = readPolicyTest(write(testText(spec)));
    const verdicts = await runPolicyTest(read, { lab: new SimulatedLab(read.host) });
    const text = stripVTControlCharacters(formatReport({ test: read, verdicts }, false));
    return { text: text.replaceAll(folder, '.'), verdicts };
  }

  test('tells of a failing probe its line, the rule, and what would change it', async () => {
    const { text } = await report(WRONG);
    assert.deepEqual(text.trimEnd().split('\n'), [
      '✗ ./pair.yaml: 0 of 2 verdicts as expected (1 over IPv4, 1 over IPv6)',
      '  web -> api TCP rest (80) over IPv4 and IPv6: expected deny, seen allow',
      '    at ./pair.yaml:21',
      '    egress of default/web allows TCP 80 to default/api: no policy selects the endpoint',
      '      would change it: a policy that selects it for egress would deny ' +
        'what its rules do not allow',
      `    ingress of default/api allows TCP 80 from default/web: allowed by ${RULE}`,
      `      would change it: without ${RULE} it would be denied`,
    ]);
  });

  test('tells of a drop only the side that denies', async () => {
    const { text } = await report('  probes: [{ from: web, to: api, port: 81, expect: allow }]');
    assert.equal(text.includes('egress of'), false);
    assert.match(text, /ingress of default\/api denies TCP 81/);
  });

  test('where wire and machine differ the probe fails, and both are shown', async () => {
    const machine = new SimulatedLab();
    const silent: Answer = { seen: 'dropped', detail: 'silent' };
    let asked = 0;
    const wire = Object.assign(Object.create(machine) as LabApi, {
      exchange: async () => {
        asked++;
        return silent;
      },
    });
    const spec = WRONG.replace('deny', 'deny, family: IPv4');
    const read = readPolicyTest(write(testText(spec)));
    // Endpoints and policies are brought to the machine once: the wire is only another answer.
    const verdicts = await runPolicyTest(read, { lab: wire, reference: answersOf(machine) });
    assert.equal(asked, 2, 'a silence that nothing explains is asked about once more');
    assert.equal(verdicts[0]!.seen, 'deny');
    assert.equal(verdicts.every(isAsExpected), false);
    const text = stripVTControlCharacters(formatReport({ test: read, verdicts }, true));
    assert.match(text, /expected deny, deny on the wire \(silent\), but the machine decides allow/);
    const json = JSON.parse(JSON.stringify(toJson({ test: read, verdicts }, true)));
    assert.deepEqual(
      [json.isLive, json.isAsExpected, json.verdicts[0].seen, json.verdicts[0].decided],
      [true, false, 'deny', 'allow'],
    );
  });

  test('as JSON: exit status 1, every verdict with its place and both sides', async () => {
    const file = write(testText(WRONG));
    const { status, output } = await runSkep('policy', 'test', '--json', file);
    assert.equal(status, 1);
    const [json] = JSON.parse(output);
    assert.deepEqual([json.test, json.isLive, json.verdicts.length], ['pair', false, 2]);
    const [verdict] = json.verdicts;
    assert.deepEqual(
      [verdict.path, verdict.line, verdict.family, verdict.port, verdict.expect, verdict.seen],
      ['spec.probes[0]', 21, 'IPv4', 80, 'deny', 'allow'],
    );
    assert.deepEqual(verdict.ingress.rules, [`default/api ingress[0] (${file}:18)`]);
  });
});

/** The machine's answers without bringing changes to it a second time. */
function answersOf(machine: SimulatedLab): LabApi {
  const nothing = async (): Promise<void> => {};
  return {
    addEndpoint: nothing,
    removeEndpoint: nothing,
    relabelEndpoint: nothing,
    applyPolicies: nothing,
    deletePolicies: nothing,
    exchange: (exchange: Exchange) => machine.exchange(exchange),
    explain: (exchange: Exchange) => machine.explain(exchange),
  };
}

const PROBE_LINE = 21;
const refusedProbes: readonly { have: string; want: string }[] = [
  {
    have: 'from: sql, to: api, port: 1',
    want: ".from: found 'sql', expected one of web, api, old",
  },
  { have: 'from: web, to: web, port: 1', want: '.to: found its own name, expected another end' },
  { have: 'from: web, to: api', want: ': found no port, expected port or icmp' },
  { have: 'from: web, to: api, port: sql', want: ".port: found 'sql', expected rest" },
  {
    have: 'from: api, to: web, port: rest',
    want: ".port: found 'rest', expected a number: web names no TCP port",
  },
  {
    have: 'from: web, to: api, port: 65536',
    want: '.port: found the number 65536, expected a port from 1 to 65535',
  },
  {
    have: 'from: web, to: api, port: 1, protocol: ICMP',
    want: ".protocol: found 'ICMP', expected TCP, UDP or SCTP (for ICMP, icmp: EchoRequest)",
  },
  {
    have: 'from: web, to: api, icmp: EchoRequest, port: 80',
    want: '.port: found the number 80, expected nothing beside icmp',
  },
  {
    have: 'from: web, to: api, icmp: 8',
    want:
      '.icmp: found 8, expected a name, or family: ' +
      '8 means another thing over IPv6 than over IPv4',
  },
  {
    have: 'from: web, to: old, port: 1, family: IPv6',
    want: ".family: found 'IPv6', expected a family of both: web has IPv4, IPv6, old has IPv4",
  },
  { have: 'from: web, to: api, port: 1, prot: UDP', want: '.prot: unknown field' },
];
describe('a probe that cannot be is refused by its line and path', () => {
  for (const { have, want } of refusedProbes) {
    test(have, () => {
      const spec = `  probes:\n    - { ${have}, expect: allow }`;
      assert.deepEqual(problemsOf(testText(spec)), [`${PROBE_LINE} spec.probes[0]${want}`]);
    });
  }

  test('an ICMP type that has no such name', () => {
    const [problem] = problemsOf(
      testText('  probes: [{ from: web, to: api, icmp: Ping, expect: allow }]'),
    );
    assert.match(problem!, /probes\[0\]\.icmp: found 'Ping', expected a type of IPv4: EchoReply/);
  });
});

const refusedFiles: readonly { name: string; have: string; want: RegExp }[] = [
  {
    name: 'a verdict',
    have: testText('  probes: [{ from: web, to: api, port: 1, expect: maybe }]'),
    want: /spec\.probes\[0\]\.expect: found 'maybe', expected allow or deny$/,
  },
  { name: 'a key', have: testText('  endpoint: 1'), want: /spec\.endpoint: unknown field$/ },
  { name: 'broken YAML', have: 'a: [', want: /not YAML/ },
  {
    name: 'another kind',
    have: testText('').replace('kind: PolicyTest', 'kind: Lab'),
    want: /^3 kind: found 'Lab', expected PolicyTest$/,
  },
  { name: 'nothing', have: '', want: /found nothing, expected one of kind PolicyTest$/ },
  {
    name: 'a name twice',
    have: testText('  steps: [{ name: s, add: [{ name: web }] }]'),
    want: /spec\.steps\[0\]\.add\[0\]\.name: found 'web', expected a name that is not taken$/,
  },
  {
    name: 'an address twice',
    have: testText('  outside: { internet: 10.0.0.9 }'),
    want: /spec\.endpoints\[2\]\.ipv4: found '10\.0\.0\.9', expected an address that is not taken$/,
  },
  {
    name: 'two addresses of one family',
    have: testText('  outside: { internet: [192.0.2.1, 192.0.2.2] }'),
    want: /spec\.outside\.internet\[1\]: found '192\.0\.2\.2', expected an address of the other/,
  },
  {
    name: 'an address of no host',
    have: testText('  outside: { internet: 224.0.0.1 }'),
    want: /spec\.outside\.internet: /,
  },
  {
    name: 'a probe between two that are outside',
    have: testText(
      '  outside: { a: 192.0.2.1, b: 192.0.2.2 }\n' +
        '  probes: [{ from: a, to: b, port: 1, expect: deny }]',
    ),
    want: /spec\.probes\[0\]\.to: found 'b', expected an endpoint/,
  },
  {
    name: 'a policy that is not in force',
    have: testText('  steps: [{ name: later, delete: [a/b/c] }]'),
    want: /steps\[0\]\.delete\[0\]: found 'a\/b\/c', expected NetworkPolicy\/default\/api$/,
  },
  {
    name: 'an endpoint that is gone',
    have: testText(
      '  steps:\n    - name: s\n      remove: [old]\n' +
        '      probes: [{ from: old, to: api, port: 1, expect: deny }]',
    ),
    want: /steps\[0\]\.probes\[0\]\.from: found 'old', expected one of web, api$/,
  },
  {
    name: 'a policy in place, at its line in the test file',
    have: testText('').replace('port: rest', 'prt: rest'),
    want: /^19 spec\.ingress\[0\]\.ports\[0\]\.prt: unknown field$/,
  },
];
describe('a test file that cannot be is refused by its line and path', () => {
  for (const { name, have, want } of refusedFiles) {
    test(name, () => assert.match(problemsOf(have)[0] ?? 'accepted', want));
  }

  test('all problems of all files are told, and nothing is run', async () => {
    const good = write(testText(''), 'a');
    const bad = [write(testText('  x: 1\n  y: 2'), 'b'), write('kind: Lab', 'c')];
    const { status, output, errors } = await runSkep('policy', 'test', good, ...bad);
    assert.deepEqual([status, output], [1, '']);
    assert.equal(errors.trim().split('\n').length, 4);
  });
});

test('the node is an end only where the file has it, under a name of its own', () => {
  const probes = 'probes: [{ from: host, to: web, port: 80, expect: allow }]';
  assert.match(problemsOf(testText(`  ${probes}`)).join(), /found 'host'/);
  assert.deepEqual(problemsOf(testText(`  node: {}\n  ${probes}`)), []);
  const steps = 'steps: [{ name: more, add: [{ name: host }] }]';
  const taken = problemsOf(testText(`  node: {}\n  ${steps}`)).join();
  assert.match(taken, /found 'host', expected a name that is not taken/);
});
