/** A map for a shape. */
import type { MapShape } from '../../object.ts';
import { ArrayTable } from './array-table.ts';
import { HashTable, LruHashTable } from './hash-table.ts';
import { LpmTable } from './lpm-table.ts';
import type { MachineMap } from './map.ts';
import { MapOfMaps } from './map-of-maps.ts';
import { ProgramArrayMap } from './program-array.ts';
import { RingBufferMap } from './ring-buffer.ts';

/** An empty map. @throws MapError EINVAL for a shape that the kernel would refuse */
export function createMap(shape: MapShape, cpus: number): MachineMap {
  switch (shape.kind) {
    case 'hash':
      return new HashTable(shape, 1);
    case 'lruHash':
      return new LruHashTable(shape, 1);
    case 'perCpuHash':
      return new HashTable(shape, cpus);
    case 'array':
      return new ArrayTable(shape, 1);
    case 'perCpuArray':
      return new ArrayTable(shape, cpus);
    case 'lpmTrie':
      return new LpmTable(shape);
    case 'arrayOfMaps':
    case 'hashOfMaps':
      return new MapOfMaps(shape);
    case 'programArray':
      return new ProgramArrayMap(shape);
    case 'ringBuffer':
      return new RingBufferMap(shape);
  }
}
