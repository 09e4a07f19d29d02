/** The machine's settings are put back whatever has become of the state, and never forgotten. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { isBpfFileSystem, unmountBpfFileSystem } from '@skep/sys';
import { Agent } from '../agent.ts';
import { Memory } from '../state/memory.ts';
import { LoneNode } from '../testing/lone-node.ts';
import { forceRemoval } from './force-removal.ts';

const node = new LoneNode();
const { directory, state } = node;
const options = { ...node.options, masquerade: {} };
const originals = join(options.stateDirectory, 'originals.journal');
/** As the machine has them before an agent comes. */
const SETTINGS = {
  'ipv4/conf/all/forwarding': '0',
  'ipv6/conf/all/forwarding': '0',
  'ipv4/conf/all/accept_redirects': '1',
  'ipv4/ip_local_reserved_ports': '7000-7010',
} as const;

describe('settings of the machine', { skip: canUseBpf() ?? false }, () => {
  let agent: Agent | undefined;

  before(() => node.create());

  beforeEach(() => {
    node.inNode(({ settings }) => {
      for (const [name, value] of Object.entries(SETTINGS)) settings.write(name, value);
    });
    agent = Agent.start(options);
    assert.deepEqual(Object.values(settingsNow()), ['1', '1', '0', '7000-7010,49152-65535']);
    agent.stop();
    agent = undefined;
  });

  afterEach(async () => {
    await agent?.uninstall();
    agent = undefined;
    if (isBpfFileSystem(options.bpffsDirectory)) unmountBpfFileSystem(options.bpffsDirectory);
    rmSync(options.stateDirectory, { recursive: true, force: true });
  });

  after(() => node.remove());

  function settingsNow(): Record<string, string> {
    const names = Object.keys(SETTINGS);
    return node.inNode(({ settings }) => {
      return Object.fromEntries(names.map((name) => [name, settings.read(name)]));
    });
  }

  async function assertUninstalls(): Promise<void> {
    await agent!.uninstall();
    assert.deepEqual(settingsNow(), SETTINGS);
    assert.deepEqual(readdirSync(directory), []);
  }

  test('are put back by force where the state is damaged', () => {
    writeFileSync(state, 'not a journal\n');
    assert.deepEqual(forceRemoval(options), []);
    assert.deepEqual(settingsNow(), SETTINGS);
    assert.deepEqual(readdirSync(directory), []);
  });

  test('are told by name and value where nobody knows what they were', () => {
    writeFileSync(originals, 'not a journal\n');
    const message = /^read state .*originals\.journal: .*skep uninstall --force/;
    assert.throws(() => Agent.start(options), { code: 'ERR_STATE', message });
    const [forwarding, bpffs, ports] = forceRemoval(options);
    assert.match(
      forwarding!,
      /^forwarding of the host stays on \(net\.ipv4\.conf\.all\.forwarding /,
    );
    assert.match(
      forwarding!,
      /is 1, .*ipv6.* is 1, net\.ipv4\.conf\.all\.accept_redirects is 0\)$/,
    );
    assert.match(bpffs!, /^the file system at .*bpf stays/);
    const found = 'net.ipv4.ip_local_reserved_ports is 7000-7010,49152-65535';
    assert.equal(ports, `ports stay reserved (${found})`);
  });

  test('of an agent whose state is gone are originals to the next one', async () => {
    unmountBpfFileSystem(options.bpffsDirectory);
    rmSync(state);
    agent = Agent.start(options);
    await assertUninstalls();
  });

  test('that were moved away are missed: what is there now is not the machine’s', async () => {
    const moved = join(directory, 'moved');
    renameSync(originals, moved);
    const message = /^read state .*originals\.journal: not there, expected what was before/;
    assert.throws(() => Agent.start(options), { code: 'ERR_STATE', message });
    renameSync(moved, originals);
    agent = Agent.start(options);
    await assertUninstalls();
  });

  for (const way of ['an uninstall', 'force'] as const) {
    test(`go by ${way} with the folders that an agent has made, and no others`, async () => {
      assert.deepEqual(forceRemoval(options), []);
      mkdirSync(join(directory, 'mine'));
      const stateDirectory = join(directory, 'mine/a/b/state');
      const places = { stateDirectory, bpffsDirectory: join(directory, 'c/d/bpf') };
      agent = Agent.start({ ...options, ...places });
      agent.stop();
      agent = Agent.start({ ...options, ...places });
      if (way === 'an uninstall') await agent.uninstall();
      else agent.stop();
      agent = undefined;
      if (way === 'force') assert.deepEqual(forceRemoval({ ...options, ...places }), []);
      assert.deepEqual(readdirSync(directory), ['mine']);
      rmdirSync(join(directory, 'mine'));
    });
  }

  test('are taken over from the state of an older build', async () => {
    rmSync(originals);
    const memory = new Memory(options.stateDirectory);
    const forwarding = { all: '0', default: '0', lo: '0' };
    memory.changeNode({
      hasOriginals: undefined,
      forwardingBefore: { 4: forwarding, 6: forwarding, acceptRedirects: '1' },
      masquerade: { reservedPortsBefore: '7000-7010' },
      mountedBpffs: options.bpffsDirectory,
    });
    memory.close();
    agent = Agent.start(options);
    agent.stop();
    writeFileSync(state, 'not a journal\n');
    agent = undefined;
    assert.deepEqual(forceRemoval(options), []);
    assert.deepEqual(settingsNow(), SETTINGS);
    assert.deepEqual(readdirSync(directory), []);
  });
});
