import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ArrayMap,
  array,
  be16,
  be32,
  HashMap,
  LruHashMap,
  MapFlag,
  PerCpuArrayMap,
  Struct,
  u8,
  u32,
  u64,
} from '@skep/ebpf';
import { UnmappedMemoryError } from '@skep/sys';
import { ArrayMemory } from './array-memory.ts';
import { possibleCpuCount } from './cpus.ts';
import { createMap, openPinnedMap } from './open-map.ts';
import { openMap, tableOver } from './table.ts';
import { newPinDirectory } from './testing/pins.ts';
import { cannotUseBpf, counterShape } from './testing/programs.ts';

class Place extends Struct({ address: be32, port: be16, mac: array(u8, 6) }) {}
class Counters extends Struct({ bytes: u64, packets: u32 }) {}

const flows = new HashMap({ name: 'flows', key: Place, value: Counters, maxEntries: 100 });
const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);

describe('table', { skip: cannotUseBpf }, () => {
  test('keys and values are plain objects', (t) => {
    const table = openMap(flows);
    t.after(() => table.close());
    const key = { address: 0x0a000001, port: 80, mac };
    table.update(key, { bytes: 2n ** 40n, packets: 3 });
    assert.deepEqual(table.lookup(key), { bytes: 2n ** 40n, packets: 3 });
    assert.equal(table.lookup({ ...key, port: 81 }), undefined);
    assert.deepEqual([...table.entries()], [[key, { bytes: 2n ** 40n, packets: 3 }]]);
    assert.deepEqual([...table.keys()], [key]);
    // Big-endian fields lie in memory as they are on the wire.
    assert.deepEqual([...table.map.keys()][0]?.subarray(0, 6), Uint8Array.of(10, 0, 0, 1, 0, 80));
    assert.equal(table.delete(key), true);
  });

  test('batches of typed entries', (t) => {
    const table = openMap(flows);
    t.after(() => table.close());
    const keys = Array.from({ length: 50 }, (_, port) => ({ address: 1, port, mac }));
    table.updateBatch(keys.map((key) => [key, { bytes: key.port, packets: 1 }] as const));
    assert.equal([...table.entries()].length, 50);
    assert.equal(table.deleteBatch(keys), 50);
  });

  test('a value that does not fit its field is refused', (t) => {
    const table = openMap(flows);
    t.after(() => table.close());
    const key = { address: 1, port: 65536, mac };
    assert.throws(() => table.lookup(key), /found 65536/);
  });

  test('values of per-cpu maps are lists, one value for each cpu', (t) => {
    const table = openMap(new PerCpuArrayMap({ name: 'drops', value: u64, maxEntries: 3 }));
    t.after(() => table.close());
    const cpus = possibleCpuCount();
    const values = Array.from({ length: cpus }, (_, cpu) => BigInt(cpu + 1));
    table.update(1, values);
    assert.deepEqual(table.lookup(1), values);
    assert.deepEqual(table.lookup(0), new Array(cpus).fill(0n));
    assert.throws(
      () => table.update(1, [...values, 1n]),
      /value count \d+, expected \d+ \(one per cpu\)/,
    );
  });

  test('a restart finds the pinned map with its entries', (t) => {
    const pinPath = `${newPinDirectory(t)}/deep/flows`;
    const first = openMap(flows, { pinPath });
    first.update({ address: 1, port: 2, mac }, { bytes: 3, packets: 4 });
    first.close();
    const second = openMap(flows, { pinPath });
    t.after(() => second.close());
    const found = second.lookup({ address: 1, port: 2, mac });
    assert.deepEqual(found, { bytes: 3n, packets: 4 });
  });

  test('a pinned map of another shape is refused with what differs', (t) => {
    const pinPath = `${newPinDirectory(t)}/flows`;
    openMap(flows, { pinPath }).close();
    const other = new HashMap({ name: 'flows', key: Place, value: u64, maxEntries: 100 });
    assert.throws(() => openMap(other, { pinPath }), {
      name: 'MapShapeError',
      message: `pinned map ${pinPath}: value size 16, expected 8 (made by another version?)`,
    });
    assert.equal(openPinnedMap(`${pinPath}-none`, counterShape), undefined);
  });

  test('an lru map whose lists are per cpu is found again', (t) => {
    const pinPath = `${newPinDirectory(t)}/lru`;
    const flags = MapFlag.NoCommonLru;
    const declaration = new LruHashMap({ name: 'l', key: u32, value: u32, maxEntries: 101, flags });
    openMap(declaration, { pinPath }).close();
    openMap(declaration, { pinPath }).close();
  });

  test('a map is not read as what it is not', (t) => {
    const map = createMap(counterShape);
    t.after(() => map.close());
    assert.throws(() => tableOver(map, flows), /declared key size 12, expected 4/);
  });
});

describe('array memory', { skip: cannotUseBpf }, () => {
  test('memory and map are the same, until it is closed', (t) => {
    const flags = MapFlag.MemoryMappable;
    const table = openMap(new ArrayMap({ name: 'seen', value: u64, maxEntries: 1000, flags }));
    t.after(() => table.close());
    const memory = new ArrayMemory(table.map);
    table.update(999, 7n);
    assert.equal(memory.loadU64(999), 7n);
    memory.storeU64(998, 8n);
    assert.equal(table.lookup(998), 8n);
    const left = memory.value(999);
    assert.equal(left[0], 7);
    assert.throws(() => memory.value(1000), /index 1000, expected 0 to 999/);
    memory.close();
    assert.throws(() => memory.loadU64(999), UnmappedMemoryError);
    assert.equal(left[0], 0, 'a view that is left over reads zeros');
    left[0] = 1;
    assert.equal(table.lookup(999), 7n, 'and writes to nobody');
  });

  test('an array without the flag is refused', (t) => {
    const map = createMap(counterShape);
    t.after(() => map.close());
    assert.throws(() => new ArrayMemory(map), /flags 0, expected MapFlag.MemoryMappable/);
  });
});
