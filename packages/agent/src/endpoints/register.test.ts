/**
 * Addresses under random sequences of endpoints that come and go, agents that are killed at any
 * byte that they write, and machines that lose their power: no two endpoints ever have one address,
 * and none is given again before it has cooled down.
 */
import assert from 'node:assert/strict';
import fs, { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ADDRESS_COOL_DOWN_SECONDS } from '@skep/contract';
import { parsePrefix, prefixContains } from '@skep/wire';
import fc from 'fast-check';
import { IpamError } from '../ipam/ipam-error.ts';
import type { Disk } from '../state/journal.ts';
import { Memory } from '../state/memory.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import type { EndpointRequest } from '../views.ts';
import { addressTextsOf } from './claims.ts';
import { Register } from './register.ts';

const POOLS = { pools: ['10.0.0.0/29', '10.9.0.1', 'fd00::1-fd00::9'], reserved: ['10.0.0.3'] };

class KilledError extends Error {}

/** A disk on which the process is killed after so many bytes; it knows what is synced. */
class MortalDisk implements Disk {
  bytesLeft = Number.POSITIVE_INFINITY;
  synced = 0;
  private length = 0;

  writeSync = ((fd: number, bytes: Buffer, at: number, length: number, position: number) => {
    if (this.bytesLeft <= 0) throw new KilledError();
    const part = Math.min(length, this.bytesLeft);
    const written = fs.writeSync(fd, bytes, at, part, position);
    this.bytesLeft -= written;
    this.length = position + written;
    return written;
  }) as Disk['writeSync'];

  fsyncSync = ((fd: number) => {
    if (this.bytesLeft <= 0) throw new KilledError();
    fs.fsyncSync(fd);
    this.synced = this.length;
  }) as Disk['fsyncSync'];

  ftruncateSync = (() => {
    throw new KilledError();
  }) as Disk['ftruncateSync'];
}

/** An agent, without tables: its devices are what the kernel would have. */
class Machine {
  now = 1_700_000_000_000;
  readonly devices = new Map<number, readonly string[]>();
  private readonly lastUse = new Map<string, number>();
  private disk!: MortalDisk;
  private memory!: Memory;
  private register!: Register;
  private names = 0;

  constructor(private readonly directory: string) {
    this.start();
  }

  get endpoints(): StoredEndpoint[] {
    return this.register.list();
  }

  start(): void {
    this.disk = new MortalDisk();
    this.memory = new Memory(this.directory, this.disk);
    this.register = new Register(this.memory, { ...POOLS, now: () => this.now }, () => false);
    for (const stored of this.register.list()) {
      if (stored.state !== 'ready' || !this.devices.has(stored.id)) this.take(stored);
    }
    for (const id of this.devices.keys()) assert.ok(this.memory.endpoints.has(id), `device ${id}`);
  }

  add(brought?: string): void {
    const name = `container-${++this.names}`;
    const request: EndpointRequest = {
      ...{ name, namespace: 'test', labels: {}, networkNamespace: '/run/netns/x' },
      ...(brought ? { ipv4: brought } : {}),
      wantsAddresses: true,
    };
    const stored = this.register.begin(request);
    this.makeDevice(stored, brought);
    this.register.finish(stored, { identity: 256, subject: 1 }, {});
  }

  remove(index: number): void {
    const all = this.register.list();
    const stored = all[index % all.length];
    if (!stored) return;
    this.register.beginRemoval([stored]);
    this.take(stored);
  }

  /** The process is killed after it has written so many bytes more, in the middle of a task. */
  die(bytes: number, task: () => void): void {
    this.disk.bytesLeft = bytes;
    try {
      task();
    } catch (error) {
      if (!isKilled(error) && !(error instanceof IpamError)) throw error;
    }
    this.memory.close();
    this.start();
  }

  /** Of what was not synced any part is lost, and devices and time with it. */
  losePower(share: number): void {
    const path = join(this.directory, 'state.journal');
    this.memory.close();
    const { size } = fs.statSync(path);
    const synced = this.disk.synced || size;
    fs.truncateSync(path, synced + Math.floor((size - synced) * share));
    this.devices.clear();
    this.lastUse.clear();
    this.start();
  }

  stop(): void {
    this.memory.close();
  }

  private makeDevice(stored: StoredEndpoint, brought?: string): void {
    const addresses = addressTextsOf(stored);
    for (const address of addresses) {
      for (const others of this.devices.values()) assert.ok(!others.includes(address), address);
      const idle = this.now - (this.lastUse.get(address) ?? 0);
      if (address !== brought)
        assert.ok(idle >= ADDRESS_COOL_DOWN_SECONDS * 1000, `${address} ${idle}`);
    }
    assert.ok(!addresses.includes('10.0.0.3') || brought === '10.0.0.3');
    this.devices.set(stored.id, addresses);
  }

  private take(stored: StoredEndpoint): void {
    for (const address of this.devices.get(stored.id) ?? []) this.lastUse.set(address, this.now);
    this.devices.delete(stored.id);
    this.register.forget(stored);
  }
}

function isKilled(error: unknown): boolean {
  return error instanceof Error && (error instanceof KilledError || isKilled(error.cause));
}

const BROUGHT = ['10.0.0.3', '10.0.0.5', '192.0.2.1'];
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('bring' as const),
      address: fc.constantFrom(...BROUGHT),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), index: fc.nat(20) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(90) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('die' as const),
      bytes: fc.nat(900),
      isAdding: fc.boolean(),
      index: fc.nat(20),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('losePower' as const), tenths: fc.nat(10) }),
  },
);

function act(
  machine: Machine,
  step: typeof action extends fc.Arbitrary<infer T> ? T : never,
): void {
  const add = (address?: string): void => {
    try {
      machine.add(address);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== 'ERR_IPAM_EXHAUSTED' && code !== 'ERR_ENDPOINT_EXISTS') throw error;
    }
  };
  switch (step.kind) {
    case 'add':
      return add();
    case 'bring':
      return add(step.address);
    case 'remove':
      return machine.remove(step.index);
    case 'wait':
      machine.now += step.seconds * 1000;
      return;
    case 'die':
      return machine.die(step.bytes, () => {
        if (step.isAdding) machine.add();
        else machine.remove(step.index);
      });
    case 'losePower':
      return machine.losePower(step.tenths / 10);
  }
}

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'skep-register-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('whatever crashes, no address is given twice', (t) => {
  const directory = newDirectory(t);
  let run = 0;
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (steps) => {
      const machine = new Machine(join(directory, String(++run)));
      for (const step of steps) act(machine, step);
      const ids = machine.endpoints.map(({ id }) => id);
      assert.deepEqual(
        [...machine.devices.keys()].sort((a, b) => a - b),
        ids,
      );
      machine.stop();
    }),
    { numRuns: 100 },
  );
});

test('who is forgotten late does not take the address of who has it now', (t) => {
  const memory = new Memory(newDirectory(t));
  const register = new Register(memory, { pools: ['10.0.0.1'] }, () => false);
  const request = { namespace: 'test', labels: {}, networkNamespace: '/x', ipv4: '10.0.0.1' };
  const first = register.begin({ ...request, name: 'first' });
  register.forget(first);
  register.begin({ ...request, name: 'second' });
  register.forget(first);
  const third = { ...request, name: 'third' };
  assert.throws(() => register.begin(third), { code: 'ERR_ENDPOINT_EXISTS' });
  memory.close();
});

test('an address that nobody has used is free at once', (t) => {
  const memory = new Memory(newDirectory(t));
  const register = new Register(memory, { pools: ['10.0.0.1'] }, () => false);
  const facts = { namespace: 'test', labels: {}, networkNamespace: '/x', wantsAddresses: true };
  const begin = (name: string): StoredEndpoint => register.begin({ ...facts, name });
  register.forget(begin('first'), false);
  assert.equal(register.pools()[0]!.cooling, 0);
  register.forget(begin('second'));
  assert.throws(() => begin('third'), { code: 'ERR_IPAM_EXHAUSTED' });
  memory.close();
});

test('a container has an address of the pools, whoever asks for it', (t) => {
  const memory = new Memory(newDirectory(t));
  const register = new Register(memory, POOLS, () => false);
  const facts = { name: 'first', namespace: 'test', labels: {}, networkNamespace: '/x' };
  const container = { ...facts, attachment: { network: 'shop', containerId: 'c1' } };
  for (const brought of [{ ipv4: '9.9.9.9' }, { ipv4: '10.0.0.1', ipv6: 'fd00::a' }]) {
    const ask = (): unknown => register.begin({ ...container, ...brought });
    const message =
      /^add endpoint test\/first: .* is in none of the agent's pools 10\.0\.0\.0\/29, /;
    assert.throws(ask, { code: 'ERR_ENDPOINT_ADDRESS', message });
  }
  assert.deepEqual(register.list(), []);
  // What the node's owner adds by hand is where the owner says.
  register.begin({ ...facts, ipv4: '9.9.9.9' });
  register.begin({ ...container, name: 'second', ipv4: '10.0.0.3', ipv6: 'fd00::9' });
  memory.close();
});

test('an endpoint brings no address of the node, and none that no host can have', (t) => {
  const memory = new Memory(newDirectory(t));
  const node = parsePrefix('192.0.2.0/30');
  const register = new Register(memory, {}, (address) => prefixContains(node, address));
  const request = { name: 'first', namespace: 'test', labels: {}, networkNamespace: '/x' };
  const refused = [
    ...['192.0.2.0', '192.0.2.3', '0.0.0.0', '127.0.0.1', '169.254.1.1', '224.0.0.1'],
    '255.255.255.255',
  ];
  for (const ipv4 of refused) {
    assert.throws(() => register.begin({ ...request, ipv4 }), { code: 'ERR_ENDPOINT_ADDRESS' });
  }
  for (const ipv6 of ['::', '::1', 'fe80::1', 'ff02::1', '::ffff:10.0.0.1']) {
    assert.throws(() => register.begin({ ...request, ipv6 }), { code: 'ERR_ENDPOINT_ADDRESS' });
  }
  assert.deepEqual(register.list(), []);
  register.begin({ ...request, ipv4: '192.0.2.4', ipv6: 'fd00::1' });
  memory.close();
});
