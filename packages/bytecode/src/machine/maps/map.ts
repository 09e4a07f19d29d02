/** What all maps of the machine have in common, and the tables of keys to values among them. */
import { UpdateFlag } from '@skep/ebpf';
import type { MapShape } from '../../object.ts';
import { Errno } from '../errno.ts';
import { type Memory, Region } from '../memory.ts';

/** An operation on a map that the kernel would have refused with the same error number. */
export class MapError extends Error {
  readonly code = 'MAP';
  constructor(
    readonly map: string,
    operation: string,
    readonly errno: Errno,
    detail: string,
  ) {
    super(`${operation} map ${map}: ${detail}: ${Errno[errno]}`);
    this.name = 'MapError';
  }
}

/** A map of the machine. Programs hold the address of its `region`, which has no readable bytes. */
export abstract class MachineMap {
  readonly region: Region;

  constructor(readonly shape: MapShape) {
    this.region = new Region('map', `map ${shape.name}`, new Uint8Array(0));
    this.region.owner = this;
  }

  /** The map whose address is that of a region. */
  static of(region: Region): MachineMap | undefined {
    return region.owner instanceof MachineMap ? region.owner : undefined;
  }

  /** Where generated code finds what it needs to look a key up; 0 where it cannot. */
  get directory(): number {
    return 0;
  }

  /** What a program's lookup finds: a value, an inner map, or nothing. */
  abstract find(key: Uint8Array, cpu: number): Region | undefined;

  /** As `find`, of the key that lies at `at` of `bytes`. */
  findAt(bytes: Uint8Array, at: number, cpu: number): Region | undefined {
    return this.find(bytes.subarray(at, at + this.shape.keySize), cpu);
  }

  protected demandSize(
    operation: string,
    what: 'key' | 'value',
    found: number,
    size: number,
  ): void {
    if (found === size) return;
    const detail = `${what} size ${found}, expected ${size}`;
    throw new MapError(this.shape.name, operation, Errno.EINVAL, detail);
  }
}

/** One key with its value, or its value on each CPU. */
export interface TableEntry {
  readonly key: Uint8Array;
  readonly values: readonly Region[];
}

/**
 * Keys to values: hash, array, LPM trie and their variants.
 *
 * The methods for tests and tools take and give bytes as the kernel's system call does: the value
 * of a per-CPU map is the values of all CPUs behind each other, each padded to a multiple of 8.
 */
export abstract class Table extends MachineMap {
  constructor(
    shape: MapShape,
    /** Values in each entry: 1, or the number of CPUs. */
    protected readonly cpus: number,
    private readonly memory: Memory,
  ) {
    super(shape);
  }

  /** The entry of the key that lies at `at` of `bytes`. */
  protected abstract entryAt(bytes: Uint8Array, at: number): TableEntry | undefined;
  /** The entry, made when missing; a negative error number when it may not be made or found. */
  protected abstract entryFor(key: Uint8Array, flag: number): TableEntry | number;
  protected abstract removeEntry(key: Uint8Array): number;
  protected abstract allEntries(): Iterable<TableEntry>;
  /** Called when a program looked the entry up. */
  protected touch(_entry: TableEntry): void {}

  /** What a program on `cpu` finds. */
  override find(key: Uint8Array, cpu: number): Region | undefined {
    return this.findAt(key, 0, cpu);
  }

  override findAt(bytes: Uint8Array, at: number, cpu: number): Region | undefined {
    const entry = this.entryAt(bytes, at);
    if (entry === undefined) return undefined;
    this.touch(entry);
    return entry.values[this.cpus === 1 ? 0 : cpu];
  }

  /** A program's update on `cpu`: 0, or a negative error number. */
  put(key: Uint8Array, value: Uint8Array, flag: number, cpu: number): number {
    if (flag > UpdateFlag.Exist) return -Errno.EINVAL;
    const entry = this.entryFor(key, flag);
    if (typeof entry === 'number') return entry;
    entry.values[this.cpus === 1 ? 0 : cpu]!.bytes.set(value);
    return 0;
  }

  /** A program's delete: 0, or a negative error number. */
  remove(key: Uint8Array): number {
    return this.removeEntry(key);
  }

  /** A copy of the value; `undefined` when there is no such key. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    this.demandSize('lookup', 'key', key.length, this.shape.keySize);
    const entry = this.entryAt(key, 0);
    return entry && this.joined(entry);
  }

  /** @throws MapError as the kernel: E2BIG when full, EEXIST or ENOENT by flag, EINVAL */
  update(key: Uint8Array, value: Uint8Array, flag: UpdateFlag = UpdateFlag.Any): void {
    this.demandSize('update', 'key', key.length, this.shape.keySize);
    this.demandSize('update', 'value', value.length, this.joinedSize());
    const entry = flag > UpdateFlag.Exist ? -Errno.EINVAL : this.entryFor(key, flag);
    if (typeof entry === 'number') {
      throw new MapError(this.shape.name, 'update', -entry, `key ${hex(key)}`);
    }
    const size = this.shape.valueSize;
    entry.values.forEach((region, cpu) => {
      const at = cpu * paddedSize(size);
      region.bytes.set(value.subarray(at, at + size));
    });
  }

  /** True when there was such a key. @throws MapError EINVAL where nothing can be deleted */
  delete(key: Uint8Array): boolean {
    this.demandSize('delete', 'key', key.length, this.shape.keySize);
    const result = this.removeEntry(key);
    if (result === 0 || result === -Errno.ENOENT) return result === 0;
    throw new MapError(this.shape.name, 'delete', -result, `key ${hex(key)}`);
  }

  /** Copies of all keys and values. Later changes do not show in them. */
  entries(): [key: Uint8Array, value: Uint8Array][] {
    return Array.from(this.allEntries(), (entry) => [entry.key.slice(), this.joined(entry)]);
  }

  protected makeEntry(key: Uint8Array): TableEntry {
    const name = `value of map ${this.shape.name}`;
    const values = Array.from(
      { length: this.cpus },
      () => new Region('mapValue', name, this.memory.heap.allocate(this.shape.valueSize)),
    );
    this.memory.keep(...values);
    return { key: key.slice(), values };
  }

  /** An entry that is no longer in the table; who holds its value may use it until the run ends. */
  protected giveUp(entry: TableEntry): void {
    this.memory.giveUp(entry.values);
  }

  private joinedSize(): number {
    const size = this.shape.valueSize;
    return this.isPerCpu() ? paddedSize(size) * this.cpus : size;
  }

  private joined(entry: TableEntry): Uint8Array {
    const all = new Uint8Array(this.joinedSize());
    entry.values.forEach((region, cpu) => {
      all.set(region.bytes, cpu * paddedSize(this.shape.valueSize));
    });
    return all;
  }

  private isPerCpu(): boolean {
    return this.shape.kind === 'perCpuArray' || this.shape.kind === 'perCpuHash';
  }
}

function paddedSize(size: number): number {
  return (size + 7) & ~7;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** The bytes as a key of a JavaScript map. */
export function textOf(bytes: Uint8Array, length = bytes.length): string {
  let text = '';
  for (let at = 0; at < length; at += 2) {
    text += String.fromCharCode(bytes[at]! | ((bytes[at + 1] ?? 0) << 8));
  }
  return text;
}
