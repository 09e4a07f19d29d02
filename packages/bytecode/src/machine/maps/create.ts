/** A map for a shape. */
import { fromBase64 } from '../../map-shape.ts';
import type { MapShape } from '../../object.ts';
import { type Heap, ScatteredHeap } from '../heap.ts';
import { ArrayTable } from './array-table.ts';
import { Errno } from '../errno.ts';
import { HashTable, LruHashTable } from './hash-table.ts';
import { LpmTable } from './lpm-table.ts';
import { type MachineMap, MapError } from './map.ts';
import { MapOfMaps } from './map-of-maps.ts';
import { ProgramArrayMap } from './program-array.ts';
import { BloomFilterMap, QueueMap } from './queue.ts';
import { RingBufferMap } from './ring-buffer.ts';

/** A map that holds what its shape says. @throws MapError as `createEmpty` */
export function createMap(
  shape: MapShape,
  cpus: number,
  heap: Heap = new ScatteredHeap(),
): MachineMap {
  const map = createEmpty(shape, cpus, heap);
  const { contents } = shape;
  if (contents === undefined) return map;
  const value = map.find(new Uint8Array(shape.keySize), 0);
  value?.bytes.set(fromBase64(contents).subarray(0, shape.valueSize));
  return map;
}

/** An empty map. @throws MapError EINVAL for a shape that the kernel would refuse */
function createEmpty(shape: MapShape, cpus: number, heap: Heap): MachineMap {
  switch (shape.kind) {
    case 'hash':
      return new HashTable(shape, 1, heap);
    case 'lruHash':
      return new LruHashTable(shape, 1, heap);
    case 'perCpuHash':
      return new HashTable(shape, cpus, heap);
    case 'array':
      return new ArrayTable(shape, 1, heap);
    case 'perCpuArray':
      return new ArrayTable(shape, cpus, heap);
    case 'lpmTrie':
      return new LpmTable(shape, heap);
    case 'arrayOfMaps':
    case 'hashOfMaps':
      return new MapOfMaps(shape);
    case 'programArray':
      return new ProgramArrayMap(shape);
    case 'ringBuffer':
      return new RingBufferMap(shape, heap);
    case 'queue':
    case 'stack':
      return new QueueMap(shape);
    case 'bloomFilter':
      return new BloomFilterMap(shape);
    default: {
      const detail = `kind ${shape.kind}, which holds what only a kernel has`;
      throw new MapError(shape.name, 'create', Errno.EOPNOTSUPP, detail);
    }
  }
}
