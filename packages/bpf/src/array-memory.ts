/** An array map as memory: reading a counter costs a few nanoseconds instead of a system call. */
import { MapFlag } from '@skep/ebpf';
import { Mapping, pageSize } from '@skep/sys';
import { MapArgumentError } from './errors.ts';
import type { BpfMap } from './map.ts';

/**
 * The values of an array map, shared with the programs that use it. A program may write while node
 * reads: a value of more than 8 bytes may be half old and half new.
 */
export class ArrayMemory {
  readonly map: BpfMap;
  readonly #mapping: Mapping;
  /** Bytes from one value to the next. */
  readonly #stride: number;

  /**
   * @throws MapArgumentError for a map that is no array with `MapFlag.MemoryMappable`; KernelError
   * @since Linux 5.5
   */
  constructor(map: BpfMap) {
    const { kind, flags, name, maxEntries, valueSize } = map.shape;
    if (kind !== 'array') throw new MapArgumentError(name, 'kind', kind, 'array');
    if ((flags & MapFlag.MemoryMappable) === 0) {
      throw new MapArgumentError(name, 'flags', flags, `MapFlag.MemoryMappable among them`);
    }
    this.map = map;
    this.#stride = Math.ceil(valueSize / 8) * 8;
    const page = pageSize();
    const length = Math.ceil((this.#stride * maxEntries) / page) * page;
    this.#mapping = new Mapping(map.fd, length, { isWritable: true });
  }

  /**
   * The value at an index, in place: writing to it changes the map. After {@link close} the view
   * reads zeros; a new one is refused.
   *
   * @throws MapArgumentError for an index out of range; UnmappedMemoryError
   */
  value(index: number): Uint8Array {
    return new Uint8Array(this.#mapping.buffer, this.#offset(index), this.map.shape.valueSize);
  }

  /** 8 bytes at `offset` in the value, read at once; `offset` is a multiple of 8. */
  loadU64(index: number, offset = 0): bigint {
    return this.#mapping.loadU64(this.#offset(index) + offset);
  }

  /** Writes 8 bytes at `offset` in the value at once; `offset` is a multiple of 8. */
  storeU64(index: number, value: bigint, offset = 0): void {
    this.#mapping.storeU64(this.#offset(index) + offset, value);
  }

  /** Unmaps it; the map stays open. A second call does nothing. */
  close(): void {
    this.#mapping.unmap();
  }

  #offset(index: number): number {
    const { maxEntries, name } = this.map.shape;
    if (Number.isInteger(index) && index >= 0 && index < maxEntries) return index * this.#stride;
    throw new MapArgumentError(name, 'index', index, `0 to ${maxEntries - 1}`);
  }
}
