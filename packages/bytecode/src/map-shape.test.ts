import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayOfMaps, HashMap, RingBuffer, Struct, u32, u8 } from '@skep/ebpf';
import { mapShapeOf } from './map-shape.ts';

class Port extends Struct({ number: u32, protocol: u8 }) {}
const ports = new HashMap({ name: 'ports', key: Port, value: u32, maxEntries: 9, flags: 1 });
const shape = { name: 'ports', kind: 'hash', keySize: 8, valueSize: 4, maxEntries: 9, flags: 1 };

test('a shape has the sizes of key and value, padding included', () => {
  assert.deepEqual(mapShapeOf(ports), shape);
});

test('a ring buffer has neither key nor value', () => {
  const { keySize, valueSize } = mapShapeOf(new RingBuffer({ name: 'events', maxEntries: 4096 }));
  assert.deepEqual([keySize, valueSize], [0, 0]);
});

test('a map of maps knows the shape of its inner maps', () => {
  const sets = new ArrayOfMaps({ name: 'sets', maxEntries: 2, inner: ports });
  assert.deepEqual(mapShapeOf(sets).inner, shape);
});
