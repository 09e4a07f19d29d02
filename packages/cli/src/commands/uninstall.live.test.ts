/** What an uninstall leaves on a machine that had things of its own: what was there before. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { AgentClient } from '@skep/agent';
import { canUseBpf } from '@skep/bpf';
import { runSkep, RunningSkep } from '../testing/run-skep.ts';

const PREFIX = `skep-uninst-${process.pid}`;
const NODE = `/run/netns/${PREFIX}-node`;
const ANNA = `/run/netns/${PREFIX}-anna`;
const READY_MILLISECONDS = 60_000 * Number(process.env.SKEP_TIME_SCALE ?? 1);
const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: anna, namespace: test }
spec: { podSelector: {}, policyTypes: [Ingress] }
`;

/** As it is before, for a machine that has forgotten it; a link's own comes last. */
const FORWARDING = {
  'ipv4/conf/all/forwarding': 0,
  'ipv6/conf/all/forwarding': 0,
  'ipv4/conf/all/accept_redirects': 0,
  'ipv4/conf/up1/forwarding': 1,
} as const;

function inNode(...words: readonly string[]): string {
  return execFileSync('nsenter', [`--net=${NODE}`, ...words], { encoding: 'utf8' });
}

/** What the machine had before; where a tool is not there, its part is not looked at. */
function giveThings(): void {
  const sysctl = (name: string, value: string): string =>
    inNode('sh', '-c', `echo ${value} > /proc/sys/net/${name}`);
  // Addresses that are still being tried change by themselves.
  sysctl('ipv6/conf/default/accept_dad', '0');
  inNode('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  for (const name of ['lo', 'up0', 'up1']) inNode('ip', 'link', 'set', name, 'up');
  inNode(
    'sh',
    '-c',
    'until [ $(ip -6 route show table local | grep -c fe80) = 2 ]; do sleep 0.1; done',
  );
  inNode('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'up0');
  inNode('ip', 'route', 'add', 'default', 'via', '192.0.2.254');
  inNode('ip', 'rule', 'add', 'from', '192.0.2.9', 'table', '77');
  sysctl('ipv4/conf/all/accept_redirects', '0');
  sysctl('ipv4/conf/up1/forwarding', '1');
  sysctl('ipv6/conf/up0/accept_ra', '0');
  if (existsSync('/usr/sbin/nft')) inNode('nft', 'add', 'table', 'inet', 'theirs');
  if (existsSync('/usr/sbin/iptables')) {
    inNode('iptables', '-A', 'FORWARD', '-s', '192.0.2.77', '-j', 'DROP');
  }
}

/** Everything of the node's network, as its tools tell it. */
function look(): Record<string, string> {
  const folders = ['ipv4', 'ipv6', 'core'].map((name) => `/proc/sys/net/${name}`);
  // Some can only be written.
  const settings = inNode('sh', '-c', `grep -r "" ${folders.join(' ')} 2>/dev/null || true`);
  return {
    links: inNode('ip', '-o', 'link'),
    addresses: inNode('ip', '-o', 'address'),
    routes4: inNode('ip', 'route', 'show', 'table', 'all'),
    routes6: inNode('ip', '-6', 'route', 'show', 'table', 'all'),
    rules: inNode('ip', 'rule'),
    qdiscs: inNode('tc', 'qdisc'),
    ...(existsSync('/usr/sbin/nft') ? { nft: inNode('nft', 'list', 'ruleset') } : {}),
    ...(existsSync('/usr/sbin/iptables') ? { iptables: inNode('iptables', '-S') } : {}),
    // What is counted or random is nobody's setting.
    settings: settings
      .split('\n')
      .filter(
        (line) => !/stable_secret|route\/flush|neigh\/.*\/(base_)?reachable|_count:/.test(line),
      )
      .sort()
      .join('\n'),
  };
}

describe('an uninstall', { skip: canUseBpf() ?? false }, () => {
  let directory: string;
  let was: Record<string, string>;
  let agent: RunningSkep;
  let client: AgentClient;

  const places = (): string[] => [
    ...['--state', join(directory, 'state'), '--bpffs', join(directory, 'bpf')],
    ...['--socket', join(directory, 'run/agent.sock'), '--namespace', NODE],
  ];

  before(() => {
    for (const name of ['node', 'anna', 'bert']) {
      execFileSync('ip', ['netns', 'add', `${PREFIX}-${name}`]);
    }
    giveThings();
  });

  after(() => {
    for (const name of ['node', 'anna', 'bert']) {
      execFileSync('ip', ['netns', 'delete', `${PREFIX}-${name}`]);
    }
  });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'skep-uninstall-'));
    was = look();
    client = new AgentClient(join(directory, 'run/agent.sock'));
    agent = new RunningSkep(['agent', ...places(), '--log-level', 'error']);
    await untilReady();
    for (const [index, name] of ['anna', 'bert'].entries()) {
      const namespace = 'test';
      const networkNamespace = `/run/netns/${PREFIX}-${name}`;
      const addresses = { ipv4: `10.95.0.${index + 1}`, ipv6: `fd95::${index + 1}` };
      await client.addEndpoint({ name, namespace, labels: {}, ...addresses, networkNamespace });
    }
    await client.applyPolicies(POLICY, 'anna.yaml');
    assert.notDeepEqual(look(), was);
  });

  afterEach(async () => {
    client.close();
    agent.kill('SIGKILL');
    await agent.ended;
    if (existsSync(join(directory, 'bpf'))) {
      await runSkep('uninstall', '--yes', '--force', ...places());
      execFileSync('sh', ['-c', 'umount "$0" 2>/dev/null || true', join(directory, 'bpf')]);
    }
    rmSync(directory, { recursive: true, force: true });
  });

  /** Resolves when the agent answers. */
  async function untilReady(): Promise<void> {
    const end = performance.now() + READY_MILLISECONDS;
    while (performance.now() < end) {
      const isReady = await client.status().then(
        () => true,
        () => false,
      );
      if (isReady) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the agent is not ready');
  }

  async function die(): Promise<void> {
    agent.kill('SIGKILL');
    await agent.ended;
  }

  function assertAsBefore(): void {
    assert.deepEqual(look(), was);
    assert.deepEqual(readdirSync(directory), []);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    assert.equal(mounts.includes(directory), false);
  }

  test('that nobody has confirmed, or under an agent elsewhere, changes nothing', async () => {
    const asked = await runSkep('uninstall', ...places());
    assert.equal(asked.status, 1);
    assert.match(asked.errors, /^error: uninstall: nobody to ask \(say --yes .*\)\n$/);
    const socket = ['--socket', join(directory, 'nobody.sock')];
    const refused = await runSkep('uninstall', '--yes', ...places(), ...socket);
    assert.equal(refused.status, 1);
    assert.match(refused.errors, /the agent with pid \d+ has it \(stop it first\)/);
    assert.equal((await client.listEndpoints()).length, 2);
    await assertUninstalled();
  });

  test('by places of which only some are right is refused by name, also by force', async () => {
    const [own, other] = [places(), join(directory, 'nowhere')];
    const [state, bpffs] = [join(directory, 'state'), join(directory, 'bpf')];
    const said = `its places are --state ${state} --bpffs ${bpffs}`;
    for (const option of ['--state', '--bpffs', '--namespace']) {
      const wrong = [option, option === '--namespace' ? ANNA : other];
      const { status, errors } = await runSkep('uninstall', '--yes', '--force', ...own, ...wrong);
      assert.equal(status, 1, option);
      assert.match(
        errors,
        new RegExp(`^error: uninstall: the agent at .*agent.sock has .*${option}`),
      );
    }
    const wrong = ['--state', other, '--bpffs', other, '--socket', join(other, 'x.sock')];
    for (const force of [[], ['--force']]) {
      const { status, errors } = await runSkep('uninstall', '--yes', ...force, ...own, ...wrong);
      assert.equal(status, 1);
      assert.match(errors, /skep\d+, skep\d+ .* belong to the agent with pid \d+/);
      assert.ok(errors.includes(said), errors);
      assert.ok(!errors.includes('--force'), errors);
    }
    assert.equal((await client.listEndpoints()).length, 2);
    assert.deepEqual((await client.status()).problems, []);
    assert.equal(existsSync(other), false);
    await assertUninstalled();
  });

  /** Of the agent that runs. */
  async function assertUninstalled(): Promise<void> {
    const { status, output, errors } = await runSkep('uninstall', '--yes', ...places());
    assert.deepEqual([status, output, errors], [0, 'gone: the agent and all that it made\n', '']);
    assert.equal((await agent.ended).status, 0, 'the agent ends');
    assertAsBefore();
    const again = await runSkep('uninstall', '--yes', ...places());
    assert.deepEqual([again.status, again.output], [0, 'nothing was there\n']);
  }

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`of an agent that has ended by ${signal}: the same`, async () => {
      agent.kill(signal);
      await agent.ended;
      const { status, errors } = await runSkep('uninstall', '--yes', ...places());
      assert.deepEqual([status, errors], [0, '']);
      assertAsBefore();
    });
  }

  test('of what was installed takes it along, from where the unit says', async () => {
    const folder = (name: string): string => join(directory, name);
    const units = ['--units', folder('units')];
    const cni = ['--bin-dir', folder('bin'), '--conf-dir', folder('net.d')];
    const socket = ['--socket', join(directory, 'run/agent.sock')];
    mkdirSync(folder('units'));
    assert.equal((await runSkep('install', ...units, ...places())).status, 0);
    assert.equal((await runSkep('cni', 'install', '--name', 'shop', ...cni, ...socket)).status, 0);
    assert.equal((await runSkep('cni', 'install', '--name', 'other', ...cni)).status, 0);

    const none = [
      ...['--state', folder('x'), '--bpffs', folder('x'), '--socket', folder('x/x.sock')],
      ...['--namespace', ANNA],
    ];
    const elsewhere = await runSkep('uninstall', '--yes', ...units, ...cni, ...none);
    assert.equal(elsewhere.status, 0, elsewhere.errors);
    assert.match(elsewhere.output, /^left: .*skep-agent\.service, whose agent has --state .*\n/);
    assert.match(elsewhere.output, /\nnothing was there\n$/);

    const { status, output, errors } = await runSkep('uninstall', '--yes', ...units, ...cni);
    assert.deepEqual([status, errors], [0, '']);
    const list = join(directory, 'net.d/10-shop.conflist');
    assert.equal(output, `gone: the agent and all that it made, its unit, ${list}\n`);
    assert.deepEqual(readdirSync(folder('units')), []);
    assert.deepEqual(readdirSync(folder('net.d')), ['10-other.conflist']);
    assert.deepEqual(readdirSync(folder('bin')), ['skep-cni'], 'another agent’s network needs it');
    for (const name of ['units', 'bin', 'net.d']) rmSync(folder(name), { recursive: true });
    assertAsBefore();
  });

  test('by force leaves the machine as it was, where only the state is damaged', async () => {
    await die();
    writeFileSync(join(directory, 'state', 'state.journal'), 'not a journal\n');
    const { status, output } = await runSkep('uninstall', '--yes', '--force', ...places());
    assert.deepEqual([status, output], [0, 'gone: the agent and all that it made\n']);
    assertAsBefore();
  });

  test('of an agent that is dead and whose state is damaged: only by force', async () => {
    await die();
    for (const name of ['state.journal', 'originals.journal']) {
      writeFileSync(join(directory, 'state', name), 'not a journal\n');
    }
    const refused = await runSkep('uninstall', '--yes', ...places());
    assert.equal(refused.status, 1);
    assert.match(refused.errors, /^error: uninstall: read state .* \(or say --force\)\n$/);
    const { status, output } = await runSkep('uninstall', '--yes', '--force', ...places());
    assert.equal(status, 0);
    assert.match(output, /^left: forwarding of the host stays on .*\nleft: the file system at /);
    // What the state would have said; all else is as it was.
    for (const [name, value] of Object.entries(FORWARDING)) {
      inNode('sh', '-c', `echo ${value} > /proc/sys/net/${name}`);
    }
    execFileSync('umount', [join(directory, 'bpf')]);
    rmdirSync(join(directory, 'bpf'));
    assertAsBefore();
  });
});
