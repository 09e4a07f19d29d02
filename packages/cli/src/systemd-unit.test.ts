import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { removeUnit } from './commands/install.ts';
import { makeProgram } from './program.ts';
import { findUnit, UNIT_NAME, unitCommand, unitText } from './systemd-unit.ts';
import { runSkep } from './testing/run-skep.ts';

const ANALYZE = '/usr/bin/systemd-analyze';
const cannotVerify = existsSync(ANALYZE) ? false : `${ANALYZE} is not there`;

describe('the unit', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'skep-unit-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('is one that systemd takes, without a warning', { skip: cannotVerify }, () => {
    const path = join(folder, UNIT_NAME);
    writeFileSync(path, unitText([process.execPath, '/tmp/a b/main.js', 'agent', '50%', '$x']));
    const said = execFileSync(ANALYZE, ['verify', path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    assert.equal(said, '');
  });

  test('starts an agent that has died again, however often that fails', () => {
    const [head, service] = unitText(['/usr/bin/skep']).split('[Service]');
    assert.match(head!, /^StartLimitIntervalSec=0$/m);
    assert.match(service!, /^Restart=on-failure\nRestartForceExitStatus=SIGHUP\nRestartSec=1$/m);
  });

  test('quotes the words of a command', () => {
    const text = unitText(['/usr/bin/node', '/a b/main.js', 'say "x"\\', '50%', '$HOME']);
    const [line] = text.split('\n').filter((each) => each.startsWith('ExecStart='));
    assert.equal(
      line,
      String.raw`ExecStart=/usr/bin/node "/a b/main.js" "say \"x\"\\" 50%% $$HOME`,
    );
  });

  test('says the words of its command again', () => {
    const words = ['/usr/bin/node', '/a b/main.js', 'say "x"\\', '50%', '$HOME', 'a%b c'];
    writeFileSync(join(folder, UNIT_NAME), unitText(words));
    assert.deepEqual(unitCommand(folder), words);
    writeFileSync(join(folder, UNIT_NAME), '[Service]\nExecStart=/bin/true\n');
    assert.equal(unitCommand(folder), undefined);
    rmSync(join(folder, UNIT_NAME));
    assert.equal(unitCommand(folder), undefined);
  });

  test('is printed with the options that were given, and no others', async () => {
    const words = ['--print', '--metrics', '[::1]:9962', '--state', '/srv/skep state'];
    const { status, output } = await runSkep('install', ...words);
    assert.equal(status, 0);
    const [line] = output.split('\n').filter((each) => each.startsWith('ExecStart='));
    assert.match(line!, /main\.js agent --state "\/srv\/skep state" --metrics \[::1\]:9962$/);
  });

  /** By the option's name: what a user may write, for each that an agent takes. */
  const written: Record<string, string[]> = {
    '--state': ['/srv/skep state'],
    '--bpffs': ['/sys/fs/bpf/other'],
    '--socket': ['/run/skep/other.sock'],
    '--namespace': ['/run/netns/node'],
    '--pool': ['10.1.0.0/16', 'fd00::/64'],
    '--reserve': ['10.1.0.0-10.1.0.9'],
    '--metrics': ['127.0.0.1:9962'],
    '--containerd': ['/run/containerd/containerd.sock'],
    '--podman': ['/run/podman/podman.sock'],
    '--masquerade': [],
    '--device': ['veth'],
    '--uplink': ['eth0', 'eth1'],
    '--masquerade-ports': ['50000-50999'],
    '--masquerade-except': ['10.0.0.0/8'],
    '--node-label': ['zone=a', 'rack=7'],
    '--safe-port': ['ingress:tcp:22', 'egress:udp:53'],
    '--log-level': ['debug'],
    '--log-format': ['json'],
  };

  test('gives the agent every option as it was written', async () => {
    const program = makeProgram();
    const agent = program.commands.find((each) => each.name() === 'agent')!;
    const names = agent.options.map(({ long }) => long!);
    assert.deepEqual(names.sort(), Object.keys(written).sort());
    const words = Object.entries(written).flatMap(([name, values]) => [name, ...values]);
    const { status, output, errors } = await runSkep('install', '--print', ...words);
    assert.deepEqual([status, errors], [0, '']);
    const line = output.split('\n').find((each) => each.startsWith('ExecStart='))!;
    for (const [name, values] of Object.entries(written)) {
      const quoted = values.map((each) => (each.includes(' ') ? `"${each}"` : each));
      assert.ok(`${line} `.includes(` ${[name, ...quoted].join(' ')} `), `${name} in ${line}`);
    }
  });

  test('says every path as it is from everywhere', async () => {
    const names = ['--state', '--bpffs', '--socket', '--namespace', '--containerd', '--podman'];
    const words = names.flatMap((name) => [name, `here/${name.slice(2)}`]);
    const { status, output } = await runSkep('install', '--print', ...words);
    assert.equal(status, 0);
    const line = output.split('\n').find((each) => each.startsWith('ExecStart='))!;
    for (const name of names) {
      const path = join(process.cwd(), 'here', name.slice(2));
      assert.ok(`${line} `.includes(` ${name} ${path} `), `${name} in ${line}`);
    }
    for (const path of ['', 'a\nb']) {
      const refused = await runSkep('install', '--print', '--state', path);
      assert.deepEqual([refused.status, refused.output], [2, '']);
      assert.match(refused.errors, /'--state <directory>' .* Expected a path\./s);
    }
  });

  test('is not made of what the agent would not start with', async () => {
    for (const [words, message] of [
      [
        ['--uplink', 'eth0'],
        /--uplink, --masquerade-ports and --masquerade-except need --masquerade/,
      ],
      [['--safe-port', '22/tcp'], /'--safe-port <port\.\.\.>' .* Safe port '22\/tcp': expected/],
      [['--node-label', 'k8s:=a'], /Label node: found 'k8s:=a', expected source:key=value/],
      [['--node-label', 'zone'], /'--node-label .* Label node: found 'zone', expected key=value/],
    ] as const) {
      const { status, output, errors } = await runSkep('install', '--print', ...words);
      assert.deepEqual([status, output], [2, '']);
      assert.match(errors, message);
    }
  });

  test('is written, replaced and taken away', { skip: canUseBpf() ?? false }, async () => {
    const units = ['--units', folder];
    rmSync(join(folder, UNIT_NAME), { force: true });
    assert.equal((await runSkep('install', ...units)).status, 0);
    assert.equal(findUnit(folder), 'ours');
    const first = readFileSync(join(folder, UNIT_NAME), 'utf8');
    assert.equal((await runSkep('install', ...units, '--log-level', 'warn')).status, 0);
    assert.notEqual(readFileSync(join(folder, UNIT_NAME), 'utf8'), first);
    assert.equal(removeUnit(folder), true);
    assert.equal(removeUnit(folder), false);
    assert.equal(findUnit(folder), 'none');
  });

  test('of somebody else is left alone', { skip: canUseBpf() ?? false }, async () => {
    const path = join(folder, UNIT_NAME);
    writeFileSync(path, '[Service]\n');
    const { status, errors } = await runSkep('install', '--units', folder);
    assert.equal(status, 1);
    assert.match(errors, /^error: write .*skep-agent\.service: somebody else has made it \(/);
    assert.equal(removeUnit(folder), false);
    assert.equal(readFileSync(path, 'utf8'), '[Service]\n');
  });
});
