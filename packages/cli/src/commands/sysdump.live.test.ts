/** An archive of an agent that runs, and of one that is dead. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent, forceRemoval, hasTraces, serveAgent } from '@skep/agent';
import { canUseBpf } from '@skep/bpf';
import { runSkep } from '../testing/run-skep.ts';

const PREFIX = `skep-sysdump-${process.pid}`;
const pathOf = (name: string): string => `/run/netns/${PREFIX}-${name}`;
const SECRET = 'correct horse, "battery"; staple';

/** What tar finds in it, by name without the first folder. */
function unpack(archive: string, folder: string): Map<string, string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);
  const names = execFileSync('find', [folder, '-type', 'f'], { encoding: 'utf8' }).trim();
  return new Map(
    names.split('\n').map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
  );
}

/** Tables are in a folder that has the layout's name. */
function tableFile(files: ReadonlyMap<string, string>, name: string): string {
  return [...files.keys()].find((path) => path.endsWith(`/${name}.json`))!;
}

describe('a sysdump', { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-sysdump-'));
  const archive = join(directory, 'dump.tar.gz');
  const places = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf('node'),
  };
  const words = [
    ...['sysdump', '--output', archive, '--socket', join(directory, 'agent.sock')],
    ...['--state', places.stateDirectory, '--bpffs', places.bpffsDirectory],
    ...['--namespace', places.networkNamespace],
  ];
  let agent: Agent;
  let closeServer: () => void = () => {};

  before(async () => {
    for (const name of ['node', 'anna']) {
      execFileSync('ip', ['netns', 'add', `${PREFIX}-${name}`]);
    }
    agent = Agent.start(places);
    const server = await serveAgent(agent, join(directory, 'agent.sock'));
    closeServer = () => {
      server.close();
      server.closeAllConnections();
    };
    await agent.addEndpoint({
      ...{ name: 'anna', namespace: 'test', ipv4: '10.94.0.1', networkNamespace: pathOf('anna') },
      labels: {
        ...{ app: 'anna', 'db-password': SECRET },
        ...{ DB_PASS: SECRET, 'proxy.basicauth.users': SECRET },
      },
    });
    const kind = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy';
    const spec = 'spec: { podSelector: {}, policyTypes: [Ingress] }';
    await agent.applyPolicies(
      `# the word is ${SECRET}\n${kind}\nmetadata: { name: closed, namespace: test }\n${spec}\n`,
      'closed.yaml',
    );
  });

  after(async () => {
    closeServer();
    await agent?.uninstall();
    // Of an agent that a failing test has left stopped.
    if (hasTraces(places)) forceRemoval(places);
    for (const name of ['node', 'anna']) {
      execFileSync('ip', ['netns', 'delete', `${PREFIX}-${name}`]);
    }
    rmSync(directory, { recursive: true, force: true });
  });

  const json = (files: Map<string, string>, name: string): Record<string, unknown> =>
    JSON.parse(files.get(name)!);

  test('of an agent that runs has what it says, its state, and what the kernel has', async () => {
    const { status, output } = await runSkep(...words);
    assert.equal(status, 0);
    assert.match(
      output,
      /reading agent\n[\s\S]*reading kernel\n[\s\S]*wrote .*dump\.tar\.gz: \d+ files/,
    );
    assert.equal(statSync(archive).mode & 0o777, 0o600);
    const files = unpack(archive, join(directory, 'one'));
    const { files: listed, missing } = json(files, 'manifest.json') as {
      files: string[];
      missing: Record<string, string>;
    };
    assert.deepEqual([...files.keys()].sort(), ['manifest.json', ...listed].sort());
    // Nobody offers metrics on this socket, and no systemd may run.
    const left = Object.keys(missing).filter((name) => name !== 'log/agent.txt');
    assert.deepEqual(left, ['agent/metrics.txt']);
    assert.equal(json(files, 'agent/status.json').endpoints, 1);
    const table = json(files, tableFile(files, 'skep_endpoint')) as { entries: unknown[] };
    assert.equal(table.entries.length, 1);
    const policies = json(files, tableFile(files, 'skep_policy')) as { slots: unknown[] };
    assert.equal(policies.slots.length, 2, 'what goes on when all is decided, and one direction');
    const programs = JSON.parse(files.get('kernel/programs.json')!) as {
      name: string;
      verifiedInstructions: number;
    }[];
    assert.ok(programs.length >= 3);
    for (const { name, verifiedInstructions } of programs) {
      assert.ok(verifiedInstructions > 0, name);
    }
    assert.match(files.get('kernel/programs.txt')!, /^program \d+ \w+\n +0: /);
    assert.match(files.get('network/routes.json')!, /10\.94\.0\.1\/32/);
  });

  test('has no secrets', () => {
    for (const [name, text] of unpack(archive, join(directory, 'two'))) {
      for (const word of SECRET.match(/\w+/g)!) assert.equal(text.includes(word), false, name);
      assert.doesNotMatch(name, /skep_(hash_key|packet|uplink)/);
    }
  });

  test('of an agent that is dead has what it left, and says what is missing', async () => {
    agent.stop();
    closeServer();
    const { status, output } = await runSkep(...words);
    assert.equal(status, 0);
    assert.match(
      output,
      /without agent\/status\.json: connect to agent at .*\(is `skep agent` runn/,
    );
    const files = unpack(archive, join(directory, 'three'));
    assert.match(files.get('state/journal.json')!, /"endpoint\/1"/);
    const table = json(files, tableFile(files, 'skep_endpoint')) as { entries: unknown[] };
    assert.equal(table.entries.length, 1);
    assert.ok(Object.keys(json(files, 'manifest.json').missing as object).length >= 8);
    agent = Agent.start(places);
  });

  test('of nothing at all says so', async () => {
    const nowhere = join(directory, 'nowhere');
    const none = ['--state', nowhere, '--bpffs', nowhere, '--socket', nowhere];
    const { status } = await runSkep('sysdump', '--output', archive, ...none);
    assert.equal(status, 0);
    const { missing } = json(unpack(archive, join(directory, 'four')), 'manifest.json');
    assert.match((missing as Record<string, string>)['kernel/pins.json']!, /nothing is pinned in/);
  });
});
