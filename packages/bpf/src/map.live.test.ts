import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MapShape } from '@skep/bytecode';
import { UpdateFlag } from '@skep/ebpf';
import { ClosedDescriptorError, type KernelError } from '@skep/sys';
import { deleteBatch, updateBatch } from './batch.ts';
import { readMapInfo } from './info.ts';
import type { BpfMap } from './map.ts';
import { createMap, openMapById } from './open-map.ts';
import { cannotUseBpf } from './testing/programs.ts';

const hash: MapShape = {
  name: 'trial',
  kind: 'hash',
  keySize: 4,
  valueSize: 8,
  maxEntries: 5000,
  flags: 0,
};

function key(number: number): Uint8Array {
  return new Uint8Array(new Uint32Array([number]).buffer);
}

function value(number: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt(number)]).buffer);
}

function fill(map: BpfMap, count: number): void {
  updateBatch(
    map,
    Array.from({ length: count }, (_, index) => [key(index), value(index)] as const),
  );
}

/** Creates the map and closes it at the test's end. */
function trial(context: { after(task: () => void): void }, shape: MapShape): BpfMap {
  const map = createMap(shape);
  context.after(() => map.close());
  return map;
}

describe('map', { skip: cannotUseBpf }, () => {
  test('an entry is there from update to delete, and a miss is undefined', (t) => {
    const map = trial(t, hash);
    assert.equal(map.lookup(key(1)), undefined);
    map.update(key(1), value(11));
    assert.deepEqual(map.lookup(key(1)), value(11));
    assert.equal(map.delete(key(1)), true);
    assert.equal(map.delete(key(1)), false);
    assert.equal(map.lookup(key(1)), undefined);
  });

  test('a lookup is a copy, a shared one is not', (t) => {
    const map = trial(t, hash);
    map.update(key(1), value(1));
    const copy = map.lookup(key(1));
    const shared = map.lookupShared(key(1));
    map.update(key(2), value(2));
    assert.deepEqual(copy, value(1));
    assert.deepEqual(shared, value(2));
  });

  test('flags of update are kept', (t) => {
    const map = trial(t, hash);
    const isErrno = (name: string) => (error: KernelError) => error.errnoName === name;
    assert.throws(() => map.update(key(1), value(1), UpdateFlag.Exist), isErrno('ENOENT'));
    map.update(key(1), value(1), UpdateFlag.NoExist);
    assert.throws(() => map.update(key(1), value(1), UpdateFlag.NoExist), isErrno('EEXIST'));
  });

  test('a full map says that it is full', (t) => {
    const map = trial(t, { ...hash, maxEntries: 2 });
    fill(map, 2);
    assert.throws(() => map.update(key(3), value(3)), {
      message: 'update map trial: E2BIG: argument list too long (full, or index beyond 2 entries)',
    });
  });

  test('wrong sizes name what was found and what was expected', (t) => {
    const map = trial(t, hash);
    const long = new Uint8Array(12);
    assert.throws(() => map.lookup(long), { message: 'map trial: key size 12, expected 4' });
    assert.throws(() => map.update(key(1), long), {
      message: 'map trial: value size 12, expected 8',
    });
  });

  test('a closed map is refused', () => {
    const map = createMap(hash);
    map.close();
    assert.throws(() => map.lookup(key(1)), ClosedDescriptorError);
    assert.throws(() => map.close(), ClosedDescriptorError);
  });

  test('a shape that the kernel refuses is described', () => {
    assert.throws(() => createMap({ ...hash, kind: 'ringBuffer' }), {
      message:
        'create map trial: ringBuffer, key 4 B, value 8 B, 5000 entries, flags 0: ' +
        'EINVAL: invalid argument',
    });
  });

  test('a map is found again by its number, with its shape', (t) => {
    const map = trial(t, hash);
    const again = openMapById(readMapInfo(map.fd).id);
    t.after(() => again.close());
    map.update(key(1), value(5));
    assert.deepEqual(again.lookup(key(1)), value(5));
    assert.deepEqual(again.shape, hash);
    assert.throws(() => openMapById(0x7fffffff), /open map id 2147483647: ENOENT/);
  });
});

describe('batches', { skip: cannotUseBpf }, () => {
  test('more entries than one call takes are all written, walked and removed', (t) => {
    const map = trial(t, hash);
    fill(map, 5000);
    const found = new Map([...map.entries()].map(([k, v]) => [k[0]! + 256 * k[1]!, v]));
    assert.equal(found.size, 5000);
    for (const [number, bytes] of found) assert.deepEqual(bytes, value(number));
    assert.equal(deleteBatch(map, [key(1), key(9999), key(2), key(9998), key(3)]), 3);
    assert.equal([...map.keys()].length, 4997);
    assert.equal(map.count(), 4997);
  });

  test('a batch that fails in the middle gives the error of the entry', (t) => {
    const map = trial(t, { ...hash, maxEntries: 10 });
    assert.throws(() => fill(map, 20), /update map trial: E2BIG/);
    assert.equal([...map.entries()].length, 10);
  });

  for (const kind of ['array', 'perCpuArray', 'lruHash', 'perCpuHash', 'lpmTrie'] as const) {
    test(`${kind}: what a batch writes is what a walk reads`, (t) => {
      const isTrie = kind === 'lpmTrie';
      const sizes = { keySize: isTrie ? 8 : 4, flags: isTrie ? 1 : 0, maxEntries: 64 };
      const map = trial(t, { ...hash, ...sizes, kind });
      const entries = Array.from({ length: 64 }, (_, index) => {
        const bytes = isTrie ? Uint8Array.of(32, 0, 0, 0, 10, 0, 0, index) : key(index);
        return [bytes, new Uint8Array(map.transferSize).fill(index)] as const;
      });
      updateBatch(map, entries);
      const order = (one: readonly Uint8Array[], other: readonly Uint8Array[]) =>
        Buffer.compare(one[0]!, other[0]!);
      assert.deepEqual([...map.entries()].sort(order), [...entries].sort(order));
      assert.equal(map.count(), 64);
    });
  }
});

describe('walking', { skip: cannotUseBpf }, () => {
  for (const kind of ['hash', 'lpmTrie'] as const) {
    test(`${kind}: entries that vanish under the walk neither end nor repeat it`, (t) => {
      const isTrie = kind === 'lpmTrie';
      const name = (index: number) =>
        isTrie ? Uint8Array.of(32, 0, 0, 0, 10, 0, index >> 8, index) : key(index);
      const sizes = { keySize: isTrie ? 8 : 4, flags: isTrie ? 1 : 0, maxEntries: 3000 };
      const map = trial(t, { ...hash, ...sizes, kind });
      for (let index = 0; index < 2000; index++) map.update(name(index), value(index));
      const seen = new Set<string>();
      for (const [found] of map.entries()) {
        const text = Buffer.from(found).toString('hex');
        assert.ok(!seen.has(text), `${text} came twice`);
        seen.add(text);
        // The entry that the walk stands on goes; every other one stays.
        if (found[isTrie ? 7 : 0]! % 2 === 1) map.delete(found);
      }
      for (let index = 0; index < 2000; index += 2) {
        assert.ok(seen.has(Buffer.from(name(index)).toString('hex')), `${index} never came`);
      }
    });
  }
});
