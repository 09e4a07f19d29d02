/** The maps beside tables: without keys, of devices, of what belongs to sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BloomFilter,
  CgroupStorage,
  CpuMap,
  DeviceHash,
  DeviceMap,
  PushFlag,
  Queue,
  SocketStorage,
  Stack,
  Struct,
  u32,
  XskMap,
} from '@skep/ebpf';
import { inNetworkNamespace } from '@skep/sys';
import { hasMapKind } from './features.ts';
import { openBloomFilter, openQueue } from './queue.ts';
import { openSocketMap } from './socket-map.ts';
import { openMap } from './table.ts';
import { errnoOf } from './testing/kinds.ts';
import { newPair } from './testing/network.ts';
import { newPinDirectory } from './testing/pins.ts';
import { cannotUseBpf } from './testing/programs.ts';
import { newSocket } from './testing/sockets.ts';

describe('maps without keys', { skip: cannotUseBpf }, () => {
  class Job extends Struct({ kind: u32, size: u32 }) {}

  test('a queue gives the oldest, a stack the newest', (t) => {
    const queue = openQueue(new Queue({ name: 'queue', value: Job, maxEntries: 2 }));
    const stack = openQueue(new Stack({ name: 'stack', value: Job, maxEntries: 2 }));
    t.after(() => [queue, stack].forEach((each) => void each.close()));
    for (const each of [queue, stack]) {
      each.push({ kind: 1, size: 10 });
      each.push({ kind: 2, size: 20 });
      assert.equal(
        errnoOf(() => each.push({ kind: 3, size: 30 })),
        'E2BIG',
      );
      each.push({ kind: 3, size: 30 }, PushFlag.Replace);
    }
    assert.deepEqual(queue.peek(), { kind: 2, size: 20 });
    assert.deepEqual([queue.pop()?.kind, queue.pop()?.kind, queue.pop()], [2, 3, undefined]);
    assert.deepEqual([stack.pop()?.kind, stack.pop()?.kind, stack.pop()], [3, 2, undefined]);
  });

  test('a bloom filter never says no to what was added', (t) => {
    const filter = openBloomFilter(new BloomFilter({ name: 'seen', value: u32, maxEntries: 64 }));
    t.after(() => filter.close());
    for (let value = 0; value < 64; value++) filter.add(value);
    const has = (value: number) => filter.has(value);
    const all = Array.from({ length: 64 }, (_, value) => value);
    assert.ok(all.every(has));
    assert.ok(all.filter((value) => has(value + 1000)).length < 32);
  });
});

describe('maps of devices, cpus and storage', { skip: cannotUseBpf }, () => {
  test('interfaces are written and read by their indexes', (t) => {
    const pair = newPair(t);
    if (!pair) return;
    inNetworkNamespace(pair.namespace, () => {
      const ports = openMap(new DeviceMap({ name: 'ports', maxEntries: 4 }));
      const declaration = new DeviceHash({ name: 'uplinks', maxEntries: 4 });
      const pinPath = `${newPinDirectory(t)}/uplinks`;
      const uplinks = openMap(declaration, { pinPath });
      openMap(declaration, { pinPath }).close();
      t.after(() => [ports, uplinks].forEach((each) => void each.close()));
      ports.update(2, pair.near);
      uplinks.update(77, pair.far);
      assert.equal(ports.lookup(2), pair.near);
      assert.deepEqual([...uplinks.entries()], [[77, pair.far]]);
      assert.equal(
        errnoOf(() => ports.update(1, 9999)),
        'EINVAL',
      );
    });
  });

  test('a cpu map has a thread for each cpu that is put in', (t) => {
    const cpus = openMap(new CpuMap({ name: 'cpus', maxEntries: 1 }));
    t.after(() => cpus.close());
    cpus.update(0, 64);
    assert.equal(cpus.lookup(0), 64);
  });

  test('a value belongs to a socket', (t) => {
    const own = openMap(new SocketStorage({ name: 'own', value: u32 }));
    t.after(() => own.close());
    const socket = newSocket(t, 'DGRAM');
    assert.equal(own.lookup(socket.number), undefined);
    own.update(socket.number, 5);
    assert.equal(own.lookup(socket.number), 5);
    assert.equal(own.delete(socket.number), true);
  });

  test('the kernel makes every kind', (t) => {
    const sockets = openSocketMap(new XskMap({ name: 'sockets', maxEntries: 2 }));
    const perGroup = openMap(new CgroupStorage({ name: 'per_group', value: u32 }));
    t.after(() => [sockets, perGroup].forEach((each) => void each.close()));
    for (const kind of ['queue', 'bloomFilter', 'socketStorage', 'cpuMap', 'xskMap'] as const) {
      assert.equal(hasMapKind(kind), true, kind);
    }
  });
});
