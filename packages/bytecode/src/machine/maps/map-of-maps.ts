/** Maps in maps: a program's lookup gives the inner map. */
import { Errno } from '../errno.ts';
import type { Region } from '../memory.ts';
import { indexOf } from './array-table.ts';
import { MachineMap, MapError, textOf } from './map.ts';

/** @alias BPF_MAP_TYPE_ARRAY_OF_MAPS BPF_MAP_TYPE_HASH_OF_MAPS */
export class MapOfMaps extends MachineMap {
  private readonly inner = new Map<string, MachineMap>();

  override find(key: Uint8Array): Region | undefined {
    return this.inner.get(textOf(key))?.region;
  }

  /** The inner map of a key, if any. */
  get(key: Uint8Array): MachineMap | undefined {
    this.demandSize('lookup', 'key', key.length, this.shape.keySize);
    return this.inner.get(textOf(key));
  }

  /**
   * Puts a map under a key, in place of the one there.
   *
   * @throws MapError E2BIG when full or beyond the end, EINVAL for a map of another shape
   */
  set(key: Uint8Array, map: MachineMap): void {
    this.demandSize('update', 'key', key.length, this.shape.keySize);
    this.demandIndex('update', key);
    this.demandInnerShape(map);
    const { name, kind, maxEntries } = this.shape;
    const text = textOf(key);
    const isFull = this.inner.size >= maxEntries && !this.inner.has(text);
    if (kind === 'hashOfMaps' && isFull) {
      throw new MapError(name, 'update', Errno.E2BIG, `more than ${maxEntries} maps`);
    }
    this.inner.set(text, map);
  }

  /** True when there was a map. @throws MapError E2BIG beyond the end of an array */
  delete(key: Uint8Array): boolean {
    this.demandSize('delete', 'key', key.length, this.shape.keySize);
    this.demandIndex('delete', key);
    return this.inner.delete(textOf(key));
  }

  private demandIndex(operation: string, key: Uint8Array): void {
    const { name, kind, maxEntries } = this.shape;
    if (kind !== 'arrayOfMaps' || indexOf(key) < maxEntries) return;
    throw new MapError(name, operation, Errno.E2BIG, `more than ${maxEntries} maps`);
  }

  /** As the kernel: an inner array may have another number of entries only with BPF_F_INNER_MAP. */
  private demandInnerShape(map: MachineMap): void {
    const expected = this.shape.inner;
    const found = map.shape;
    if (expected === undefined) {
      throw new MapError(this.shape.name, 'update', Errno.EINVAL, 'the shape names no inner map');
    }
    const isArray = found.kind === 'array' && (found.flags & 0x1000) === 0;
    for (const part of ['kind', 'keySize', 'valueSize', 'flags', 'maxEntries'] as const) {
      if (found[part] === expected[part] || (part === 'maxEntries' && !isArray)) continue;
      const detail = `inner map ${found.name}: ${part} ${found[part]}, expected ${expected[part]}`;
      throw new MapError(this.shape.name, 'update', Errno.EINVAL, detail);
    }
  }
}
