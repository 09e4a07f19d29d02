/** What an agent refuses, or survives, and what is left then: never half of something. */
import assert from 'node:assert/strict';
import fs, { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { canUseBpf, createMap, hasTcx, pinObject, queryTcx } from '@skep/bpf';
import { mapShapeOf } from '@skep/bytecode';
import { addresses, currentLayout, events, layoutName } from '@skep/datapath';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { bindMount, inNetworkNamespace, isBpfFileSystem, mountBpfFileSystem } from '@skep/sys';
import { unmount, unmountBpfFileSystem } from '@skep/sys';
import { Agent, type AgentOptions } from './agent.ts';
import { type DaemonOptions, runDaemon } from './daemon.ts';
import { forceRemoval } from './node/force-removal.ts';
import { hasTraces } from './node/traces.ts';
import type { Disk } from './state/journal.ts';
import { Memory, stateFile } from './state/memory.ts';
import type { EndpointRequest } from './views.ts';

const PREFIX = `skep-refuse-${process.pid}`;

function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

const ANNA: EndpointRequest = {
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  ipv4: '10.96.0.1',
  networkNamespace: pathOf('anna'),
};

const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: anna, namespace: test }
spec: { podSelector: {}, policyTypes: [Ingress] }
`;

/** The file system, until it is full. */
function newDisk(): Disk & { isFull: boolean } {
  const disk = {
    isFull: false,
    fsyncSync: fs.fsyncSync,
    ftruncateSync: fs.ftruncateSync,
    writeSync: (...parameters: Parameters<typeof fs.writeSync>) => {
      if (disk.isFull) throw new Error('ENOSPC: no space left on device, write');
      return fs.writeSync(...parameters);
    },
  };
  return disk as Disk & { isFull: boolean };
}

describe('an agent that cannot', { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-refuse-'));
  const options: AgentOptions = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf('node'),
  };
  let agent: Agent | undefined;

  before(() => {
    for (const name of ['node', 'anna']) createNamespace(`${PREFIX}-${name}`);
  });

  afterEach(async () => {
    await agent?.uninstall();
    agent = undefined;
  });

  after(() => {
    for (const name of ['node', 'anna']) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  const inNode = <T>(task: (network: Network) => T): T => {
    const network = new Network(options.networkNamespace);
    try {
      return task(network);
    } finally {
      network.close();
    }
  };
  const interfaces = (): string[] =>
    inNode((network) => network.links.list().map(({ name }) => name));
  const forwarding = (): string =>
    inNode(({ settings }) => settings.readLink(4, 'all', 'forwarding'));
  const state = stateFile(options.stateDirectory);
  /** As an agent has it that was uninstalled no further than this. */
  const rememberNothing = (): void => new Memory(options.stateDirectory).close();

  test('read its state does not start, and changes nothing', () => {
    fs.mkdirSync(options.stateDirectory, { recursive: true });
    fs.writeFileSync(state, 'not a journal\n');
    assert.throws(() => Agent.start(options), {
      code: 'ERR_STATE',
      message: /^read state .*state\.journal: record at byte 0: checksum .* is damaged \(put a/,
    });
    assert.equal(isBpfFileSystem(options.bpffsDirectory), false);
    assert.equal(forwarding(), '0');
    rmSync(state);
  });

  test('remember what is there does not start beside it, and leaves it', async () => {
    agent = Agent.start(options);
    const { ipv4 } = await agent.addEndpoint(ANNA);
    agent.stop();
    const moved = `${state}.moved`;
    fs.renameSync(state, moved);
    const message = /^read state .*journal: not there, but skep1, pins in .*bpf \(put a copy back/;
    for (let start = 0; start < 2; start++) {
      assert.throws(() => Agent.start(options), { code: 'ERR_STATE', message });
    }
    assert.ok(interfaces().includes('skep1'));
    assert.equal(fs.existsSync(state), false);
    fs.renameSync(moved, state);
    agent = Agent.start(options);
    assert.deepEqual(
      (await agent.listEndpoints()).map((each) => each.ipv4),
      [ipv4],
    );
  });

  test('remember a device of its own takes it away when it is uninstalled', async () => {
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    agent.stop();
    agent = undefined;
    rmSync(options.stateDirectory, { recursive: true });
    unmountBpfFileSystem(options.bpffsDirectory);
    assert.equal(hasTraces(options), true, 'the device');
    assert.throws(() => Agent.start(options), { code: 'ERR_STATE' });
    assert.match(forceRemoval(options).join(), /^forwarding of the host stays on/);
    for (const family of [4, 6] as const) {
      inNode(({ settings }) => settings.setForwarding(family, false));
    }
    assert.equal(hasTraces(options), false);
    assert.ok(!interfaces().includes('skep1'));
  });

  test('use the pins that are there does not start, and leaves them', () => {
    rememberNothing();
    const folder = join(options.bpffsDirectory, 'maps', layoutName(currentLayout()));
    mountBpfFileSystem(options.bpffsDirectory);
    const other = createMap({ ...mapShapeOf(addresses), valueSize: 4 });
    pinObject(other.fd, join(folder, addresses.name));
    other.close();
    try {
      assert.throws(() => Agent.start(options), {
        code: 'ERR_MAP_SHAPE',
        message: /pinned map .*: value size 4, expected \d+ \(made by another version\?\)/,
      });
      assert.deepEqual(readdirSync(folder), [addresses.name]);
      assert.equal(forwarding(), '0');
    } finally {
      unmountBpfFileSystem(options.bpffsDirectory);
    }
  });

  const layouts = ['skep_conn', '1-00000000', '99-00000000', '1-00000000-unfinished'];
  for (const name of layouts) {
    test(`say what tables of layout ${name} are does not start, and leaves them`, () => {
      const folder = join(options.bpffsDirectory, 'maps');
      rememberNothing();
      mountBpfFileSystem(options.bpffsDirectory);
      fs.mkdirSync(join(folder, name), { recursive: true });
      fs.mkdirSync(join(folder, '98-00000000-unfinished'));
      try {
        const message = new RegExp(`^open tables .*maps: layout .*${name}.*, expected \\d+-`);
        assert.throws(() => Agent.start(options), { code: 'ERR_LAYOUT', message });
        assert.deepEqual(readdirSync(folder).sort(), [name, '98-00000000-unfinished'].sort());
        assert.equal(forwarding(), '0');
      } finally {
        unmountBpfFileSystem(options.bpffsDirectory);
      }
    });
  }

  for (const full of [1, 2, 3, 4, 5]) {
    test(`make write ${full} of its start takes back what it has done`, () => {
      const disk = newDisk();
      let writes = 0;
      const write = disk.writeSync as (...parameters: unknown[]) => number;
      disk.writeSync = ((...parameters: unknown[]) => {
        // The file, the mount, forwarding, revisions, the half of the tables.
        disk.isFull = ++writes >= full;
        return write(...parameters);
      }) as typeof disk.writeSync;
      rmSync(state, { force: true });
      assert.throws(() => Agent.start({ ...options, disk }), { code: 'ERR_STATE_WRITE' });
      assert.equal(isBpfFileSystem(options.bpffsDirectory), false);
      assert.equal(forwarding(), '0');
      rmSync(state, { force: true });
    });
  }

  test('begin leaves no folder, not even a new one', async () => {
    const fresh = join(directory, 'fresh');
    const places = { stateDirectory: join(fresh, 'a/state'), bpffsDirectory: join(fresh, 'bpf') };
    const wrong: readonly (readonly [Partial<AgentOptions>, RegExp])[] = [
      [{ addresses: { pools: ['foo'] } }, /^address 'foo'/],
      [{ addresses: { reserved: ['10.0.0.1/8'] } }, /no bits after the prefix/],
      [{ networkNamespace: pathOf('nowhere') }, /nowhere/],
    ];
    for (const [more, message] of wrong) {
      assert.throws(() => Agent.start({ ...options, ...places, ...more }), { message });
      assert.equal(existsSync(fresh), false, String(message));
    }
    agent = Agent.start(options);
    const { bpffsDirectory } = options;
    const held = { ...options, ...places, bpffsDirectory };
    assert.throws(() => Agent.start(held), { code: 'ERR_AGENT_RUNNING' });
    assert.equal(existsSync(fresh), false);
  });

  test('answer where it is told to leaves nothing', async () => {
    const fresh = join(directory, 'unanswered');
    const file = join(directory, 'a-file');
    fs.writeFileSync(file, 'mine');
    const taken = createServer().listen(0, '127.0.0.1');
    const other = createServer().listen(join(directory, 'other.sock'));
    await Promise.all([taken, other].map((each) => once(each, 'listening')));
    const { port } = taken.address() as AddressInfo;
    const socketPath = join(fresh, 'run/agent.sock');
    const wrong: readonly (readonly [Partial<DaemonOptions>, string])[] = [
      [{ socketPath: file }, 'ERR_NO_SOCKET'],
      [{ socketPath: join(directory, 'other.sock') }, 'ERR_SOCKET_IN_USE'],
      [{ metricsAddress: { host: '127.0.0.1', port } }, 'ERR_MONITORING'],
      [{ metricsAddress: { host: '192.0.2.77', port: 9 } }, 'ERR_MONITORING'],
    ];
    const places = { stateDirectory: join(fresh, 'state'), bpffsDirectory: join(fresh, 'bpf') };
    const log = { level: 'silent' } as const;
    try {
      for (const [more, code] of wrong) {
        const daemon = runDaemon({ ...options, ...places, socketPath, log, ...more });
        await assert.rejects(daemon, { code });
        assert.equal(existsSync(fresh), false, code);
        assert.equal(forwarding(), '0');
      }
      assert.equal(fs.readFileSync(file, 'utf8'), 'mine');
      assert.equal(existsSync(join(directory, 'other.sock')), true);
    } finally {
      taken.close();
      other.close();
    }
  });

  test('start leaves no socket behind', async () => {
    const fresh = join(directory, 'unstarted');
    const socketPath = join(fresh, 'run/agent.sock');
    const wrong = { ...options, networkNamespace: pathOf('nowhere'), socketPath };
    await assert.rejects(runDaemon({ ...wrong, log: { level: 'silent' } }), /nowhere/);
    assert.equal(existsSync(fresh), false);
  });

  test('begin leaves a folder that was there', () => {
    const fresh = fs.mkdtempSync(join(directory, 'mine-'));
    const places = { stateDirectory: join(fresh, 'state'), bpffsDirectory: join(fresh, 'bpf') };
    for (const each of Object.values(places)) fs.mkdirSync(each);
    const addresses = { pools: ['foo'] };
    assert.throws(() => Agent.start({ ...options, ...places, addresses }));
    assert.deepEqual(readdirSync(fresh).sort(), ['bpf', 'state']);
    assert.deepEqual(readdirSync(places.stateDirectory), []);
  });

  test('be the only one for a state or a folder of pins does not start', async () => {
    agent = Agent.start(options);
    const running = {
      code: 'ERR_AGENT_RUNNING',
      message: /^lock .*: the agent with pid \d+ has it/,
    };
    assert.throws(() => Agent.start(options), running);
    const stateDirectory = join(directory, 'other-state');
    assert.throws(() => Agent.start({ ...options, stateDirectory }), running);
    assert.equal((await agent.status()).problems.length, 0);
  });

  test('save a change does not make it', async () => {
    const disk = newDisk();
    agent = Agent.start({ ...options, disk });
    await agent.addEndpoint(ANNA);
    disk.isFull = true;
    const full = { code: 'ERR_STATE_WRITE', message: /ENOSPC.*nothing was changed/ };
    await assert.rejects(agent.applyPolicies(POLICY, 'anna.yaml'), full);
    assert.deepEqual(await agent.listPolicies(), []);
    const bert = { ...ANNA, name: 'bert', ipv4: '10.96.0.2', interfaceName: 'eth1' };
    await assert.rejects(agent.addEndpoint(bert), full);
    await assert.rejects(agent.relabelEndpoint('test/anna', { app: 'else' }), full);
    await assert.rejects(agent.removeEndpoint('test/anna'), full);
    const [anna, ...others] = await agent.listEndpoints();
    assert.deepEqual([anna?.labels, others], [{ app: 'anna' }, []]);
    assert.deepEqual(interfaces(), ['lo', 'skep1']);
    disk.isFull = false;
    await agent.applyPolicies(POLICY, 'anna.yaml');
    agent.stop();
    agent = Agent.start(options);
    assert.equal((await agent.listEndpoints())[0]?.isIngressEnforced, true);
  });

  test('read a policy that it has in its state starts, and closes what that is about', async () => {
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    agent.stop();
    const memory = new Memory(options.stateDirectory);
    const key = 'NetworkPolicy/test/anna';
    const text = POLICY.replace('policyTypes', 'tiers: [], policyTypes');
    memory.addPolicy({ file: 'anna.yaml', text, keys: [key] });
    memory.close();
    agent = Agent.start(options);
    const isEnforced = async () => {
      const [anna] = await agent!.listEndpoints();
      return [anna!.isIngressEnforced, anna!.isEgressEnforced];
    };
    const question = { from: 'test/anna', to: '192.0.2.1', port: '80', protocol: 'TCP' } as const;
    assert.deepEqual(await isEnforced(), [true, true]);
    assert.equal((await agent.explain(question)).verdict, 'deny');
    assert.deepEqual((await agent.status()).problems, [
      `policy ${key}: it cannot be read any more, and closes what it is about: anna.yaml:5: ` +
        `spec.tiers: unknown field (apply it anew, or \`skep policy delete ${key}\`)`,
    ]);
    await agent.applyPolicies(POLICY, 'anna.yaml');
    assert.deepEqual(await isEnforced(), [true, false]);
    assert.equal((await agent.explain(question)).verdict, 'allow');
    assert.deepEqual((await agent.status()).problems, []);
  });

  test('find the namespace of an endpoint makes nothing of it', async () => {
    agent = Agent.start(options);
    const lost = { ...ANNA, networkNamespace: pathOf('nowhere') };
    await assert.rejects(agent.addEndpoint(lost), { message: /skep-refuse-\d+-nowhere.*ENOENT/ });
    assert.deepEqual(interfaces(), ['lo']);
    await agent.addEndpoint(ANNA);
    assert.equal((await agent.listEndpoints()).length, 1);
  });

  test('tell an endpoint from the node makes nothing of it', async () => {
    agent = Agent.start(options);
    const routes = (): unknown => inNode((network) => network.routes.list());
    const before = routes();
    const operation = 'add endpoint test/anna';
    const expected = "network namespace, expected the endpoint's";
    // By another name: it is the namespace that counts.
    const other = join(directory, 'node-namespace');
    fs.writeFileSync(other, '');
    bindMount(pathOf('node'), other);
    try {
      for (const networkNamespace of [pathOf('node'), other]) {
        await assert.rejects(agent.addEndpoint({ ...ANNA, networkNamespace }), {
          code: 'ERR_ENDPOINT_NAMESPACE',
          message: `${operation}: ${networkNamespace} is the node's own ${expected}`,
        });
      }
    } finally {
      unmount(other);
    }
    assert.deepEqual(await agent.listEndpoints(), []);
    assert.deepEqual(interfaces(), ['lo']);
    assert.deepEqual(routes(), before);
    await agent.addEndpoint(ANNA);
  });

  test('make an interface of a name that is taken leaves what has it', async () => {
    agent = Agent.start(options);
    await agent.addEndpoint(ANNA);
    const operation = 'add endpoint test/bert';
    const advice = '(remove that, or give another name of the interface)';
    const second = { ...ANNA, name: 'bert', ipv4: '10.96.0.2' };
    await assert.rejects(agent.addEndpoint(second), {
      code: 'ERR_ENDPOINT_EXISTS',
      message: `${operation}: interface eth0 of ${pathOf('anna')} belongs to test/anna ${advice}`,
    });
    const theirs = { ...second, interfaceName: 'lo' };
    await assert.rejects(agent.addEndpoint(theirs), {
      code: 'ERR_ENDPOINT_EXISTS',
      message: `${operation}: interface lo of ${pathOf('anna')} belongs to somebody else ${advice}`,
    });
    assert.deepEqual(interfaces(), ['lo', 'skep1']);
    assert.deepEqual((await agent.status()).problems, []);
    await agent.addEndpoint({ ...second, interfaceName: 'eth1' });
    assert.equal((await agent.listEndpoints()).length, 2);
  });

  test('find its pins any more makes them again, and goes on deciding', async () => {
    agent = Agent.start(options);
    const { hostInterface } = await agent.addEndpoint(ANNA);
    const index = inNode((network) => network.links.get(hostInterface).index);
    const programs = (): number =>
      hasTcx()
        ? inNetworkNamespace(pathOf('node'), () => queryTcx(index, 'ingress').programs.length)
        : inNode((network) => network.trafficControl.listFilters(index, 'ingress').length);
    unmount(options.bpffsDirectory);
    assert.equal(programs(), 1);
    const pin = join(options.bpffsDirectory, 'maps', layoutName(currentLayout()), events.name);
    for (let wait = 0; wait < 200 && !existsSync(pin); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.match((await agent.status()).problems.join(), /somebody has removed the pins/);
    agent.stop();
    assert.equal(programs(), 1);
    agent = Agent.start(options);
    assert.equal((await agent.listEndpoints())[0]?.state, 'ready');
  });

  for (const what of ['taken away', 'replaced', 'emptied'] as const) {
    test(`find its state any more, which was ${what}, writes it anew`, async () => {
      agent = Agent.start(options);
      await agent.addEndpoint(ANNA);
      const moved = `${state}.moved`;
      if (what === 'emptied') fs.linkSync(state, moved);
      else fs.renameSync(state, moved);
      if (what === 'emptied') fs.truncateSync(state);
      if (what === 'replaced') fs.copyFileSync(moved, state);
      const { ino } = fs.statSync(moved);
      await agent.applyPolicies(POLICY, 'anna.yaml');
      for (let wait = 0; wait < 200; wait++) {
        if (/written anew/.test((await agent.status()).problems.join())) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.notEqual(fs.statSync(state).ino, ino);
      const { problems } = await agent.status();
      assert.match(problems.join(), /^somebody has taken .*state\.journal away, or changed it: it/);
      rmSync(moved);
      // As it is told to end, before anybody has looked.
      rmSync(state);
      agent.stop();
      agent = Agent.start(options);
      assert.equal((await agent.listEndpoints()).length, 1);
      assert.equal((await agent.listPolicies()).length, 1);
    });
  }

  test('keep forwarding as it was puts it back', async () => {
    const link = inNode((network) => {
      network.settings.writeLink(4, 'lo', 'forwarding', 1);
      return network.settings.readLink(4, 'lo', 'forwarding');
    });
    agent = Agent.start(options);
    assert.equal(forwarding(), '1');
    agent.stop();
    assert.equal(forwarding(), '1', 'traffic goes on without it');
    agent = Agent.start(options);
    await agent.uninstall();
    assert.equal(forwarding(), '0');
    assert.equal(
      inNode((network) => network.settings.readLink(4, 'lo', 'forwarding')),
      link,
    );
  });

  test('find a device says so until its endpoint is made anew', async () => {
    agent = Agent.start(options);
    const { hostInterface } = await agent.addEndpoint(ANNA);
    agent.stop();
    inNode(({ links }) => links.delete(hostInterface));
    agent = Agent.start(options);
    assert.match((await agent.status()).problems.join(), /anna: its device skep\d+ is gone/);
    await agent.removeEndpoint('test/anna');
    assert.deepEqual((await agent.status()).problems, []);
    await agent.addEndpoint(ANNA);
    assert.deepEqual((await agent.status()).problems, []);
  });

  test('find a device takes none of the same name that somebody else has made', async () => {
    agent = Agent.start(options);
    const { hostInterface } = await agent.addEndpoint(ANNA);
    agent.stop();
    inNode(({ links }) => {
      links.delete(hostInterface);
      links.createVeth({ name: hostInterface, peer: { name: 'theirs' } });
    });
    agent = Agent.start(options);
    assert.match((await agent.status()).problems.join(), /its device skep\d+ is gone/);
    const index = inNode((network) => network.links.get(hostInterface).index);
    assert.deepEqual(
      inNode((network) => network.trafficControl.listFilters(index, 'ingress')),
      [],
    );
    await agent.uninstall();
    assert.equal(interfaces().includes(hostInterface), true);
    inNode(({ links }) => links.delete(hostInterface));
  });
});
