import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MapKind, UpdateFlag } from '@skep/ebpf';
import type { MapShape } from '../../object.ts';
import { Errno } from '../errno.ts';
import { createMap } from './create.ts';
import { MapError, type Table } from './map.ts';
import type { MapOfMaps } from './map-of-maps.ts';
import type { RingBufferMap } from './ring-buffer.ts';

function shape(kind: MapKind, more: Partial<MapShape> = {}): MapShape {
  return { name: 'test', kind, keySize: 4, valueSize: 4, maxEntries: 3, flags: 0, ...more };
}

function table(kind: MapKind, more: Partial<MapShape> = {}, cpus = 1): Table {
  return createMap(shape(kind, more), cpus) as Table;
}

function word(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

function refusedWith(errno: Errno): (error: unknown) => boolean {
  return (error) => error instanceof MapError && error.errno === errno;
}

for (const kind of ['hash', 'perCpuHash', 'lruHash'] as const) {
  test(`${kind}: an entry comes, changes and goes`, () => {
    const size = kind === 'perCpuHash' ? 8 : 4;
    const value = (low: number) => Uint8Array.from({ length: size }, (_, at) => (at ? 0 : low));
    const map = table(kind);
    assert.equal(map.lookup(word(1)), undefined);
    map.update(word(1), value(5));
    map.update(word(1), value(6), UpdateFlag.Exist);
    assert.deepEqual(map.lookup(word(1)), value(6));
    assert.deepEqual(map.entries(), [[word(1), value(6)]]);
    assert.throws(() => map.update(word(1), value(7), UpdateFlag.NoExist), refusedWith(17));
    assert.throws(() => map.update(word(2), value(7), UpdateFlag.Exist), refusedWith(2));
    assert.throws(() => map.update(word(2), value(7), 3 as UpdateFlag), refusedWith(22));
    assert.equal(map.delete(word(1)), true);
    assert.equal(map.delete(word(1)), false);
  });
}

test('a full hash refuses new keys and takes known ones', () => {
  const map = table('hash');
  for (const key of [1, 2, 3]) map.update(word(key), word(key));
  assert.throws(() => map.update(word(4), word(4)), refusedWith(Errno.E2BIG));
  map.update(word(2), word(9));
  assert.deepEqual(map.lookup(word(2)), word(9));
  assert.equal(map.put(word(4), word(4), 0, 0), -Errno.E2BIG);
});

test('a full LRU hash gives up the entry that programs used least recently', () => {
  const map = table('lruHash');
  for (const key of [1, 2, 3]) map.update(word(key), word(key));
  map.find(word(1), 0);
  map.lookup(word(2));
  map.update(word(4), word(4));
  assert.equal(map.lookup(word(2)), undefined, 'a lookup from outside is no use');
  assert.ok(map.lookup(word(1)));
  map.update(word(3), word(33));
  map.update(word(5), word(5));
  assert.equal(map.lookup(word(1)), undefined);
  assert.deepEqual(map.lookup(word(3)), word(33));
});

test('who holds a replaced value of a hash does not see the new one', () => {
  const map = table('hash');
  map.update(word(1), word(1));
  const held = map.find(word(1), 0)!;
  map.update(word(1), word(2));
  assert.deepEqual(held.bytes, word(1));
});

test('an array has all its entries from the start, and keeps them', () => {
  const map = table('array');
  assert.equal(map.entries().length, 3);
  assert.deepEqual(map.lookup(word(2)), word(0));
  map.update(word(2), word(8));
  assert.deepEqual(map.lookup(word(2)), word(8));
  assert.equal(map.lookup(word(3)), undefined);
  assert.throws(() => map.update(word(3), word(1)), refusedWith(Errno.E2BIG));
  assert.throws(() => map.update(word(1), word(1), UpdateFlag.NoExist), refusedWith(Errno.EEXIST));
  assert.throws(() => map.delete(word(1)), refusedWith(Errno.EINVAL));
  assert.throws(() => table('array', { keySize: 8 }), /key size 8, expected 4/);
});

test('a per-CPU value is one for each CPU, padded to 8 bytes', () => {
  const map = table('perCpuArray', {}, 2);
  map.put(word(1), word(7), 0, 1);
  assert.deepEqual(map.find(word(1), 1)!.bytes, word(7));
  assert.deepEqual(map.find(word(1), 0)!.bytes, word(0));
  const all = map.lookup(word(1))!;
  assert.equal(all.length, 16);
  assert.equal(all[8], 7);
  map.update(
    word(1),
    Uint8Array.from({ length: 16 }, (_, at) => at),
  );
  assert.deepEqual(map.find(word(1), 1)!.bytes, Uint8Array.of(8, 9, 10, 11));
  assert.throws(() => map.update(word(1), word(1)), /value size 4, expected 16/);
});

test('a key of the wrong size is refused with both sizes', () => {
  assert.throws(() => table('hash').lookup(new Uint8Array(5)), /key size 5, expected 4/);
});

function prefix(length: number, ...address: number[]): Uint8Array {
  return Uint8Array.of(length, 0, 0, 0, ...address);
}

function trie(): Table {
  return table('lpmTrie', { keySize: 8, flags: 1, maxEntries: 4 });
}

test('the longest prefix that matches is found', () => {
  const map = trie();
  map.update(prefix(0, 0, 0, 0, 0), word(100));
  map.update(prefix(8, 10, 0, 0, 0), word(8));
  map.update(prefix(12, 10, 16, 0, 0), word(12));
  map.update(prefix(32, 10, 16, 0, 1), word(32));
  const find = (...address: number[]) => map.lookup(prefix(32, ...address))?.[0];
  assert.equal(find(10, 16, 0, 1), 32);
  assert.equal(find(10, 31, 9, 9), 12);
  assert.equal(find(10, 32, 0, 0), 8);
  assert.equal(find(11, 0, 0, 0), 100);
  assert.equal(map.lookup(prefix(8, 10, 16, 0, 1))?.[0], 8, 'none longer than asked for');
});

test('a trie is limited, exact in updates and deletes', () => {
  const map = trie();
  for (const length of [8, 16, 24, 32]) map.update(prefix(length, 10, 1, 1, 1), word(length));
  assert.throws(() => map.update(prefix(9, 10, 1, 1, 1), word(9)), refusedWith(Errno.ENOSPC));
  map.update(prefix(16, 10, 1, 7, 7), word(61));
  assert.equal(map.lookup(prefix(32, 10, 1, 9, 9))?.[0], 61, 'bits beyond the prefix do not count');
  assert.equal(map.delete(prefix(16, 10, 1, 0, 0)), true);
  assert.equal(map.delete(prefix(16, 10, 1, 0, 0)), false);
  assert.equal(map.lookup(prefix(32, 10, 1, 9, 9))?.[0], 8);
  assert.equal(map.entries().length, 3);
  assert.throws(() => map.update(prefix(33, 1, 1, 1, 1), word(1)), refusedWith(Errno.EINVAL));
  assert.throws(() => table('lpmTrie', { keySize: 8 }), /NoPreallocation/);
});

function ring(size = 4096): RingBufferMap {
  const none = { keySize: 0, valueSize: 0, maxEntries: size };
  return createMap(shape('ringBuffer', none), 1) as RingBufferMap;
}

test('records are read in order, discarded ones are not, reserved ones hold up the rest', () => {
  const map = ring();
  const [first, second, third] = [map.reserve(1)!, map.reserve(2)!, map.reserve(3)!];
  second.bytes.set([7, 8]);
  map.finish(second, 'submitted');
  assert.deepEqual(map.read(), []);
  map.finish(first, 'discarded');
  assert.deepEqual(map.read(), [Uint8Array.of(7, 8)]);
  map.finish(third, 'submitted');
  assert.equal(map.read()[0]!.length, 3);
  assert.equal(map.finish(third, 'submitted'), false);
});

test('a full ring buffer counts what it lost', () => {
  const map = ring();
  // 8 bytes of header, and one byte of the buffer always stays free.
  const records = Array.from({ length: 300 }, () => map.reserve(8));
  const kept = records.filter((record) => record !== undefined);
  assert.equal(kept.length, 255);
  assert.equal(map.lost, 45);
  for (const record of kept) map.finish(record, 'submitted');
  assert.equal(map.query(0), 255 * 16);
  assert.equal(map.read().length, 255);
  assert.equal(map.query(0), 0);
  assert.equal(map.query(2), 255 * 16);
  assert.ok(map.reserve(8));
  assert.throws(() => ring(5000), /power of two/);
});

test('inner maps have the shape that was declared', () => {
  const inner = shape('hash', { name: 'inner' });
  const outer = createMap(shape('hashOfMaps', { maxEntries: 1, inner }), 1) as MapOfMaps;
  const map = createMap(inner, 1);
  outer.set(word(5), map);
  assert.equal(outer.get(word(5)), map);
  assert.equal(outer.find(word(5)), map.region);
  assert.equal(outer.find(word(6)), undefined);
  assert.throws(() => outer.set(word(6), map), refusedWith(Errno.E2BIG));
  const other = createMap({ ...inner, valueSize: 8 }, 1);
  assert.throws(() => outer.set(word(5), other), /inner map inner: valueSize 8, expected 4/);
  outer.set(word(5), createMap({ ...inner, maxEntries: 99 }, 1));
  assert.equal(outer.delete(word(5)), true);
  const array = { name: 'inner', maxEntries: 5 };
  const arrays = shape('arrayOfMaps', { inner: shape('array', array) });
  const outerArray = createMap(arrays, 1) as MapOfMaps;
  const longer = createMap(shape('array', { ...array, maxEntries: 6 }), 1);
  assert.throws(() => outerArray.set(word(0), longer), /maxEntries 6, expected 5/);
  const matching = createMap(shape('array', array), 1);
  assert.throws(() => outerArray.set(word(3), matching), refusedWith(Errno.E2BIG));
  outerArray.set(word(2), matching);
});
