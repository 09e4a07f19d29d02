/** A map for a shape. */
import { fromBase64 } from '../../map-shape.ts';
import type { MapShape } from '../../object.ts';
import { Memory } from '../memory.ts';
import { ArrayTable } from './array-table.ts';
import { demandShape } from './demand-shape.ts';
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
  memory: Memory = new Memory(),
): MachineMap {
  demandShape(shape);
  const map = createEmpty(shape, cpus, memory);
  const { contents } = shape;
  if (contents === undefined) return map;
  const value = map.find(new Uint8Array(shape.keySize), 0);
  value?.bytes.set(fromBase64(contents).subarray(0, shape.valueSize));
  return map;
}

/** An empty map. @throws MapError EINVAL for a shape that the kernel would refuse */
function createEmpty(shape: MapShape, cpus: number, memory: Memory): MachineMap {
  switch (shape.kind) {
    case 'hash':
      return new HashTable(shape, 1, memory);
    case 'lruHash':
      return new LruHashTable(shape, 1, memory);
    case 'perCpuHash':
      return new HashTable(shape, cpus, memory);
    case 'array':
      return new ArrayTable(shape, 1, memory);
    case 'perCpuArray':
      return new ArrayTable(shape, cpus, memory);
    case 'lpmTrie':
      return new LpmTable(shape, memory);
    case 'arrayOfMaps':
    case 'hashOfMaps':
      return new MapOfMaps(shape);
    case 'programArray':
      return new ProgramArrayMap(shape);
    case 'ringBuffer':
      return new RingBufferMap(shape, memory.heap);
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
