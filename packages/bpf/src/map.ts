/**
 * One map of the kernel, keys and values as bytes. The typed face of it is `table.ts`.
 *
 * A lookup or update costs one system call, about 2 us: attribute, key and value buffers are made
 * once for each map.
 */
import type { MapShape } from '@skep/bytecode';
import { UpdateFlag } from '@skep/ebpf';
import { BpfAttribute, BpfCommand, bpfResult, Errno, type Fd } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpfError } from './call.ts';
import { possibleCpuCount } from './cpus.ts';
import { MapArgumentError } from './errors.ts';
import type { EntryVisit, RawEntry, RawMap } from './raw-map.ts';
import { pinObject } from './pin.ts';
import { isPerCpu } from './shape.ts';
import { countEntries, walkChunks, walkEntries, walkKeys } from './walk.ts';

const { element } = BpfAttribute;

/** A map that is open in this process. */
export class BpfMap implements RawMap {
  readonly fd: Fd<'map'>;
  readonly shape: MapShape;
  /**
   * Bytes of a value in lookups and updates: the shape's, or for per-CPU maps the values of all
   * possible CPUs, each rounded up to 8 bytes.
   */
  readonly transferSize: number;
  readonly #attribute = new Attribute(element.size);
  /** The kernel refuses to delete where anything but map and key is set. */
  readonly #deletion = new Attribute(element.size);
  readonly #key: Uint8Array;
  readonly #value: Uint8Array;

  constructor(fd: Fd<'map'>, shape: MapShape) {
    this.fd = fd;
    this.shape = shape;
    const stride = Math.ceil(shape.valueSize / 8) * 8;
    this.transferSize = isPerCpu(shape.kind) ? stride * possibleCpuCount() : shape.valueSize;
    this.#key = new Uint8Array(shape.keySize);
    this.#value = new Uint8Array(this.transferSize);
    this.#attribute.setPointer(element.key, this.#key).setPointer(element.value, this.#value);
    this.#deletion.setPointer(element.key, this.#key);
  }

  get name(): string {
    return this.shape.name;
  }

  /** A copy of the value, or `undefined` where the key is not there. @throws KernelError */
  lookup(key: Uint8Array): Uint8Array | undefined {
    return this.lookupShared(key)?.slice();
  }

  /** As {@link lookup}, but the bytes are overwritten by the next call on this map. */
  lookupShared(key: Uint8Array): Uint8Array | undefined {
    this.#setKey(key);
    const result = this.#call(BpfCommand.MAP_LOOKUP_ELEM, UpdateFlag.Any);
    if (result === 0) return this.#value;
    if (result === -Errno.ENOENT) return undefined;
    throw this.#error('look up in map', -result);
  }

  /**
   * Writes one entry.
   *
   * @throws KernelError: E2BIG when full, EEXIST and ENOENT by `flag`
   */
  update(key: Uint8Array, value: Uint8Array, flag: UpdateFlag = UpdateFlag.Any): void {
    this.#setKey(key);
    this.checkValue(value);
    this.#value.set(value);
    const result = this.#call(BpfCommand.MAP_UPDATE_ELEM, flag);
    if (result < 0) throw this.#error('update map', -result);
  }

  /** Removes one entry; false where it was not there. @throws KernelError */
  delete(key: Uint8Array): boolean {
    this.#setKey(key);
    this.#deletion.setU32(element.map_fd, this.fd.number);
    const result = bpfResult(BpfCommand.MAP_DELETE_ELEM, this.#deletion.bytes);
    if (result === 0) return true;
    if (result === -Errno.ENOENT) return false;
    throw this.#error('delete from map', -result);
  }

  /**
   * The key that comes after `key` in the kernel's order, the first one after `null` or after a key
   * that is not there (any more); `undefined` at the end.
   *
   * @throws KernelError
   */
  nextKey(key: Uint8Array | null): Uint8Array | undefined {
    if (key !== null) this.checkKey(key);
    const next = new Uint8Array(this.shape.keySize);
    const attribute = new Attribute(element.size)
      .setU32(element.map_fd, this.fd.number)
      .setPointer(element.key, key)
      .setPointer(element.next_key, next);
    const result = bpfResult(BpfCommand.MAP_GET_NEXT_KEY, attribute.bytes);
    if (result === 0) return next;
    if (result === -Errno.ENOENT) return undefined;
    throw this.#error('walk map', -result);
  }

  /**
   * All entries, while programs go on changing the map: see `walk.ts`.
   *
   * @throws KernelError
   */
  entries(): Generator<RawEntry> {
    return walkEntries(this);
  }

  /**
   * As {@link entries}, the first `most` of them, each where the kernel has written it and only as
   * long as `task` looks at it: for maps of which a few entries are of interest.
   */
  visit(task: EntryVisit, most = Infinity): void {
    let left = most;
    for (const [chunk, count] of walkChunks(this)) {
      const view = new DataView(chunk.bytes.buffer);
      for (let index = 0; index < Math.min(count, left); index++) {
        task(view, chunk.keyOffset(index), chunk.valueOffset(index));
      }
      left -= count;
      if (left <= 0) return;
    }
  }

  /** All keys, while programs go on changing the map. @throws KernelError */
  keys(): Generator<Uint8Array> {
    return walkKeys(this);
  }

  /** How many entries there are; of an array all that it has room for. @throws KernelError */
  count(): number {
    return countEntries(this);
  }

  /**
   * Gives the map a name in a BPF file system, so that it outlives this process.
   *
   * @throws KernelError
   */
  pin(path: string): void {
    pinObject(this.fd, path);
  }

  /** Closes the descriptor; the map lives on while pinned or used by a program. */
  close(): void {
    this.fd.close();
  }

  /** @throws MapArgumentError */
  checkKey(key: Uint8Array): void {
    const { keySize, name } = this.shape;
    if (key.length !== keySize) throw new MapArgumentError(name, 'key size', key.length, keySize);
  }

  /** @throws MapArgumentError */
  checkValue(value: Uint8Array): void {
    if (value.length === this.transferSize) return;
    const { kind, name } = this.shape;
    const advice = isPerCpu(kind) ? `one for each of ${possibleCpuCount()} cpus` : undefined;
    throw new MapArgumentError(name, 'value size', value.length, this.transferSize, advice);
  }

  #setKey(key: Uint8Array): void {
    this.checkKey(key);
    this.#key.set(key);
  }

  #call(command: number, flags: number): number {
    this.#attribute.setU32(element.map_fd, this.fd.number).setU32(element.flags, flags);
    return bpfResult(command, this.#attribute.bytes);
  }

  #error(operation: string, errno: number): Error {
    const { name, maxEntries } = this.shape;
    const advice =
      errno === Errno.E2BIG ? `full, or index beyond ${maxEntries} entries` : undefined;
    return bpfError(errno, { operation, subject: name, ...(advice ? { advice } : {}) });
  }
}
