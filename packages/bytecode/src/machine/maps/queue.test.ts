import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Errno } from '../errno.ts';
import { createMap } from './create.ts';
import { BloomFilterMap, QueueMap } from './queue.ts';

const sizes = { name: 'trial', keySize: 0, valueSize: 2, maxEntries: 2, flags: 0 };

function values(kind: 'queue' | 'stack'): { taken: number[]; map: QueueMap } {
  const map = createMap({ ...sizes, kind }, 1);
  assert.ok(map instanceof QueueMap);
  assert.equal(map.push(Uint8Array.of(1, 0), 0), 0);
  assert.equal(map.push(Uint8Array.of(2, 0), 0), 0);
  assert.equal(map.push(Uint8Array.of(3, 0), 0), -Errno.E2BIG, 'full');
  assert.equal(map.push(Uint8Array.of(3, 0), 2), 0, 'the oldest gives way');
  const taken: number[] = [];
  const value = new Uint8Array(2);
  assert.equal(map.peek(value), 0);
  taken.push(value[0]!);
  while (map.pop(value) === 0) taken.push(value[0]!);
  assert.deepEqual(value, new Uint8Array(2), 'without a value there are zeros');
  return { taken, map };
}

test('a queue gives the oldest first, a stack the newest', () => {
  assert.deepEqual(values('queue').taken, [2, 2, 3]);
  assert.deepEqual(values('stack').taken, [3, 3, 2]);
});

test('a bloom filter knows what was added', () => {
  const map = createMap({ ...sizes, kind: 'bloomFilter' }, 1);
  assert.ok(map instanceof BloomFilterMap);
  map.push(Uint8Array.of(1, 2), 0);
  assert.equal(map.peek(Uint8Array.of(1, 2)), 0);
  assert.equal(map.peek(Uint8Array.of(2, 1)), -Errno.ENOENT);
  assert.equal(map.pop(), -Errno.EOPNOTSUPP);
});

test('a queue has no key, and the machine no sockets', () => {
  assert.throws(() => createMap({ ...sizes, kind: 'queue', keySize: 4 }, 1), /key size 4.*EINVAL/);
  assert.throws(() => createMap({ ...sizes, kind: 'socketMap', keySize: 4 }, 1), /EOPNOTSUPP/);
});
