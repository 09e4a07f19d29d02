import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allCommands, makeProgram } from './program.ts';
import { runSkep } from './testing/run-skep.ts';

const POLICIES = 'examples/labs/shop-policies.yaml';
const folder = mkdtempSync(join(tmpdir(), 'skep-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file of the test's own. */
function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test('every command says what it and its arguments are for', () => {
  for (const command of allCommands(makeProgram())) {
    const described = [command, ...command.options, ...command.registeredArguments];
    for (const each of described) {
      const text = typeof each.description === 'string' ? each.description : command.description();
      assert.match(text, /[^.]$/, command.name());
    }
  }
});

test('help fits a terminal of 80 columns', () => {
  const program = makeProgram();
  for (const command of [program, ...allCommands(program)]) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 80 });
    command.outputHelp();
    const wide = help.split('\n').filter((line) => line.length > 80);
    assert.deepEqual(wide, [], command.name());
  }
});

const usageErrors: readonly (readonly string[])[] = [
  ['nonsense'],
  ['policy', 'apply'],
  ['explain', '--from', 'a'],
  ['observe', '--port', 'http'],
  ['observe', '--verdict', 'maybe'],
  ['lab', 'up'],
  ['status', '--colour'],
  ['observe', '--port', '65536'],
  ['observe', '--protocol', 'HTTP'],
  ['explain', '--from', 'a', '--to', 'b', '--protocol', 'HTTP'],
  ['policy', 'test'],
];
for (const words of usageErrors) {
  test(`skep ${words.join(' ')}: called wrongly, exit status 2`, async () => {
    const { status, output, errors } = await runSkep(...words);
    assert.equal(status, 2);
    assert.equal(output, '');
    assert.match(errors, /^error: [^\n]+\n.*\(see `skep .*--help`\)\n$/s);
  });
}

const wrongOptions: readonly (readonly string[])[] = [
  ['--pool', 'foo'],
  ['--pool', '10.0.0.0/24', '10.0.0.9-10.0.0.1'],
  ['--pool=10.0.0.1/8'],
  ['--pool', '127.0.0.0/8'],
  ['--pool', '10.0.0.0/24', '0.0.0.0/0'],
  ['--pool', '224.0.0.0/24'],
  ['--pool', '255.255.255.255'],
  ['--pool', 'fe80::/64'],
  ['--pool', 'ff02::/120'],
  ['--reserve', '10.0.0.256'],
  ['--masquerade-ports', '5-2'],
  ['--masquerade-ports', '60000-70000'],
  ['--masquerade-except', '10.0.0.0/33', '--masquerade'],
  ['--node-label', 'zone'],
  ['--node-label', 'zone=a', 'zone=b'],
  ['--safe-port', '22/tcp'],
  ['--safe-port', 'none', 'ingress:tcp:22'],
  ['--safe-port', 'ingress:tcp:70000'],
  ['--device', 'tap'],
  ['--metrics', '9962'],
  ['--log-level', 'loud'],
  ['--log-format', 'xml'],
  ['--uplink', 'eth0'],
];
for (const words of wrongOptions) {
  test(`skep agent ${words.join(' ')}: called wrongly, and nothing is made`, async () => {
    const state = join(folder, 'state');
    const places = ['--state', state, '--bpffs', join(folder, 'bpf')];
    // Whatever is not refused must not begin an agent here.
    places.push('--namespace', join(folder, 'nowhere'));
    const { status, output, errors } = await runSkep('agent', ...places, ...words);
    assert.deepEqual([status, output], [2, ''], errors);
    const option = words[0]!.replace(/=.*/, '');
    assert.match(
      errors,
      new RegExp(`^error: .*${option}\\b.*\\n\\(see \`skep agent --help\`\\)\\n$`),
    );
    assert.deepEqual([state, join(folder, 'bpf')].filter(existsSync), []);
  });
}

test('the version is told', async () => {
  const { status, output, errors } = await runSkep('--version');
  assert.deepEqual([status, errors], [0, '']);
  assert.match(output, /^\d+\.\d+\.\d+\n$/);
});

test('help is asked for, and no error', async () => {
  const { status, output, errors } = await runSkep('observe', '--help');
  assert.equal(status, 0);
  assert.match(output, /Examples:\n {2}skep observe/);
  assert.equal(errors, '');
});

test('an agent that is not there: one line with advice, exit status 1', async () => {
  const socket = join(folder, 'nobody.sock');
  const { status, output, errors } = await runSkep('status', '--socket', socket);
  assert.deepEqual([status, output], [1, '']);
  assert.match(
    errors,
    /^error: connect to agent at .*nobody\.sock: .*\(is `skep agent` running.*\n$/,
  );
});

test('a file that is not there: one line', async () => {
  const { status, errors } = await runSkep('policy', 'validate', join(folder, 'no-such-file'));
  assert.equal(status, 1);
  assert.match(errors, /^error: read .*no-such-file: no such file\n$/);
});

const told: readonly (readonly [words: string, message: string])[] = [
  ['policy test packages', 'read packages: it is a directory, expected a file'],
  ['demo no-such-file', 'read no-such-file: no such file'],
  ['lab down no-such-lab', 'take lab no-such-lab away: there is none (see `skep lab list`)'],
  ['lab down ../labs', 'take lab ../labs away: there is none (see `skep lab list`)'],
];
for (const [words, message] of told) {
  test(`skep ${words}: one line`, async () => {
    const outcome = await runSkep(...words.split(' '));
    assert.deepEqual(outcome, { status: 1, output: '', errors: `error: ${message}\n` });
  });
}

test('validate names documents, as text and as JSON', async () => {
  const text = await runSkep('policy', 'validate', POLICIES);
  assert.equal(text.status, 0);
  assert.match(text.output, /^valid NetworkPolicy\/shop\/closed-by-default$/m);
  const json = await runSkep('policy', 'validate', POLICIES, '--json');
  assert.equal((JSON.parse(json.output) as string[]).length, 4);
});

test('validate refuses by line and path, and uses no colour where nobody sees it', async () => {
  const file = write('bad.yaml', 'kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\n');
  const { status, output, errors } = await runSkep('policy', 'validate', file);
  assert.deepEqual([status, output], [1, '']);
  assert.match(errors, /bad\.yaml:\d+: /);
  assert.equal(errors.includes('\u001b'), false);
});

test('validate warns of a deny rule about nobody, and the policy is valid', async () => {
  const file = write(
    'idle.yaml',
    `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: api }
spec: { endpointSelector: {}, egressDeny: [{ toEntities: [kube-apiserver] }] }
`,
  );
  const warning =
    `warning: ${file}:4: default/api egressDeny[0]: denies kube-apiserver, which nothing on ` +
    'this node is (deny addresses instead, by toCIDR)\n';
  const output = 'valid CiliumNetworkPolicy/default/api\n';
  const text = await runSkep('policy', 'validate', file);
  assert.deepEqual(text, { status: 0, output, errors: warning });
  const json = await runSkep('policy', 'validate', '--json', file);
  assert.deepEqual(JSON.parse(json.output), ['CiliumNetworkPolicy/default/api']);
  assert.equal(json.errors, warning);
});

test('policy test: exit status 0 where all is as expected', async () => {
  const { status, output } = await runSkep('policy', 'test', 'examples/policy-tests/shop.yaml');
  assert.equal(status, 0);
  assert.match(output, /16 of 16 verdicts as expected/);
});

test('policy test: a failure is shown with the rule that decided, exit status 1', async () => {
  const file = write(
    'test.yaml',
    `
apiVersion: skep.dev/v1
kind: PolicyTest
metadata: { name: wrong }
spec:
  endpoints: [{ name: a, namespace: shop, labels: { app: api } }]
  outside: { internet: 192.0.2.1 }
  policies: [${new URL(`../../../${POLICIES}`, import.meta.url).pathname}]
  probes: [{ from: internet, to: a, port: 8000, expect: allow }]
`,
  );
  const { status, output } = await runSkep('policy', 'test', file);
  assert.equal(status, 1);
  assert.match(output, /internet -> a TCP 8000 over IPv4: expected allow, seen deny/);
  assert.match(output, /no rule of .*shop\/api.* matches/);
  assert.match(output, /would change it/);
});
