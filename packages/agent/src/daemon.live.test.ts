/** A daemon that is killed under traffic: no packet is lost, and no verdict changes. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { isBpfFileSystem } from '@skep/sys';
import { AgentClient } from './api/client.ts';
import { Talker } from './testing/talk.ts';

const DAEMON = fileURLToPath(new URL('./testing/daemon-main.js', import.meta.url));
const PREFIX = `skep-daemon-${process.pid}`;
const NAMES = ['anna', 'bert', 'carl'] as const;
const ROUNDS = 3;
/** Two of anna's exchanges with bert, one every few milliseconds, all the while. */
const EXCHANGES = 1200;

const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: bert, namespace: test }
spec:
  podSelector: { matchLabels: { app: bert } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: anna } } }] }]
`;

function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

describe('a daemon that is killed', { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-daemon-'));
  const bpffs = join(directory, 'bpf');
  const socket = join(directory, 'agent.sock');
  const client = new AgentClient(socket);
  const talkers = new Map<string, Talker>();
  let daemon: ChildProcess;

  const start = (): Promise<void> => {
    daemon = fork(DAEMON, [join(directory, 'state'), bpffs, socket, pathOf('node')]);
    return new Promise((resolve, reject) => {
      daemon.once('message', () => resolve());
      daemon.once('exit', () => reject(new Error('the daemon has ended')));
    });
  };

  const kill = (): Promise<unknown> => {
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.removeAllListeners('message').kill('SIGKILL');
    return gone;
  };

  before(async () => {
    for (const name of ['node', ...NAMES]) createNamespace(`${PREFIX}-${name}`);
    const network = new Network(pathOf('node'));
    network.links.set('lo', { isUp: true });
    network.close();
    await start();
    for (const [index, name] of NAMES.entries()) {
      await client.addEndpoint({
        name,
        namespace: 'test',
        labels: { app: name },
        ipv4: `10.98.0.${index + 1}`,
        networkNamespace: pathOf(name),
      });
      talkers.set(name, new Talker(pathOf(name)));
    }
    await talkers.get('bert')!.ask({ serve: 7000 });
    await client.applyPolicies(POLICY, 'bert.yaml');
  });

  after(async () => {
    for (const talker of talkers.values()) talker.stop();
    await client.uninstall().catch(() => daemon.kill('SIGKILL'));
    client.close();
    for (const name of ['node', ...NAMES]) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  test('open connections lose nothing, closed doors stay closed', async () => {
    const [anna, carl] = [talkers.get('anna')!, talkers.get('carl')!];
    assert.equal(await anna.ask({ connect: '10.98.0.2', port: 7000 }), 'connected');
    const exchanged = anna.ask({ exchange: EXCHANGES });
    for (let round = 0; round < ROUNDS; round++) {
      await kill();
      assert.equal(await carl.ask({ connect: '10.98.0.2', port: 7000 }), 'silence');
      await start();
      assert.equal(await carl.ask({ connect: '10.98.0.2', port: 7000 }), 'silence');
    }
    assert.equal(await exchanged, `${EXCHANGES} of ${EXCHANGES} answered, longest under a second`);
    assert.equal((await client.listEndpoints()).length, NAMES.length);
    assert.equal((await client.listPolicies()).length, 1);
  });

  test('a new connection is decided while no daemon runs', async () => {
    await kill();
    const anna = talkers.get('anna')!;
    assert.equal(await anna.ask({ connect: '10.98.0.2', port: 7000 }), 'connected');
    await start();
    assert.equal(await anna.ask({ say: 'hello' }), 'hello');
  });

  test('told to uninstall, it leaves nothing and ends', async () => {
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    await client.uninstall();
    assert.equal(await gone, 0);
    assert.equal(isBpfFileSystem(bpffs), false);
    assert.equal(existsSync(socket), false);
    const network = new Network(pathOf('node'));
    const names = network.links.list().map((link) => link.name);
    network.close();
    assert.deepEqual(names, ['lo']);
  });
});
