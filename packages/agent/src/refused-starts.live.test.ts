/** Starts that an agent refuses, and what is left then: never half of something. */
import assert from 'node:assert/strict';
import fs, { existsSync, readdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { canUseBpf, createMap, pinObject } from '@skep/bpf';
import { mapShapeOf } from '@skep/bytecode';
import { addresses, currentLayout, layoutName } from '@skep/datapath';
import { isBpfFileSystem, mountBpfFileSystem, unmountBpfFileSystem } from '@skep/sys';
import { Agent, type AgentOptions } from './agent.ts';
import { type DaemonOptions, runDaemon } from './daemon.ts';
import { forceRemoval } from './node/force-removal.ts';
import { hasTraces } from './node/traces.ts';
import { Memory } from './state/memory.ts';
import { ANNA, LoneNode, newDisk, pathOf } from './testing/lone-node.ts';

const node = new LoneNode();
const { directory, options, state } = node;

describe('an agent that cannot', { skip: canUseBpf() ?? false }, () => {
  let agent: Agent | undefined;

  before(() => node.create());

  afterEach(async () => {
    await agent?.uninstall();
    agent = undefined;
  });

  after(() => node.remove());

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
    assert.equal(node.forwarding(), '0');
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
    assert.ok(node.interfaces().includes('skep1'));
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
      node.inNode(({ settings }) => settings.setForwarding(family, false));
    }
    assert.equal(hasTraces(options), false);
    assert.ok(!node.interfaces().includes('skep1'));
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
      assert.equal(node.forwarding(), '0');
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
        assert.equal(node.forwarding(), '0');
      } finally {
        unmountBpfFileSystem(options.bpffsDirectory);
      }
    });
  }

  for (const full of [1, 2, 3, 4, 5, 6, 7]) {
    test(`make write ${full} of its start takes back what it has done`, () => {
      const disk = newDisk();
      let writes = 0;
      const write = disk.writeSync as (...parameters: unknown[]) => number;
      disk.writeSync = ((...parameters: unknown[]) => {
        // Two files, that there are two, the mount, forwarding, revisions, the half of the tables.
        disk.isFull = ++writes >= full;
        return write(...parameters);
      }) as typeof disk.writeSync;
      rmSync(options.stateDirectory, { recursive: true, force: true });
      assert.throws(() => Agent.start({ ...options, disk }), { code: 'ERR_STATE_WRITE' });
      assert.equal(isBpfFileSystem(options.bpffsDirectory), false);
      assert.equal(node.forwarding(), '0');
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
        assert.equal(node.forwarding(), '0');
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
});
