/**
 * Maps: tables that kernel programs and node share. Declared once, at module level, exported.
 *
 * The classes here are declarations: the methods are what a kernel program calls and become helper
 * calls; node opens the same declaration with `@skep/bpf`, the machine with `@skep/bytecode`.
 */
import type { u32 } from './integers.ts';
import { u32 as u32Field } from './integers.ts';
import type { AnyInteger, InitOf, StructLayout, StructOf, ValueOf } from './struct.ts';
import type { Context } from './contexts.ts';

/** What a key can be. */
export type KeyLayout = AnyInteger | StructOf<object>;
/** What a value can be. */
export type ValueLayout = AnyInteger | StructOf<object>;

/** An integer value in place: `counters.lookup(0)` gives a cell, `cell.value += 1` counts. */
export interface Cell<T> {
  value: T;
}

/** What a lookup gives: the struct in place, or a cell around a plain integer. */
export type Entry<V> = V extends StructLayout ? ValueOf<V> : Cell<ValueOf<V>>;
/** What methods take as a key: a struct, a whole literal of it, or a plain integer. */
export type Key<K> = K extends StructLayout ? ValueOf<K> | Required<InitOf<K>> : ValueOf<K>;

/** The kinds of maps. @alias BPF_MAP_TYPE_* */
export type MapKind =
  | 'hash'
  | 'array'
  | 'programArray'
  | 'perCpuHash'
  | 'perCpuArray'
  | 'lruHash'
  | 'lpmTrie'
  | 'arrayOfMaps'
  | 'hashOfMaps'
  | 'ringBuffer';

/** Flags of `update`. @source include/uapi/linux/bpf.h */
export enum UpdateFlag {
  Any = 0,
  NoExist = 1,
  Exist = 2,
}

/** What every kind of map is declared with. */
export interface MapOptions {
  /** As the kernel shows it: at most 15 characters of `A-Z a-z 0-9 _ .`. */
  readonly name: string;
  readonly maxEntries: number;
  /** BPF_F_*: see `MapFlag`. */
  readonly flags?: number;
}

/** Flags of a map. @source BPF_F_*, include/uapi/linux/bpf.h */
export enum MapFlag {
  NoPreallocation = 1,
  NoCommonLru = 2,
  ReadOnlyProgram = 1 << 7,
  MemoryMappable = 1 << 10,
  InnerMap = 1 << 12,
}

function kernelOnly(): never {
  throw new Error('map methods run in the kernel: open the map with @skep/bpf to use it from node');
}

/** What every map declaration says of itself. */
export abstract class MapDeclaration<K = unknown, V = unknown> {
  abstract readonly kind: MapKind;
  readonly name: string;
  readonly maxEntries: number;
  readonly flags: number;

  constructor(
    readonly key: K,
    readonly value: V,
    options: MapOptions,
  ) {
    if (!/^[\w.]{1,15}$/.test(options.name)) {
      throw new TypeError(`map name '${options.name}': expected 1 to 15 of A-Z a-z 0-9 _ .`);
    }
    this.name = options.name;
    this.maxEntries = options.maxEntries;
    this.flags = options.flags ?? 0;
  }
}

/** A map of keys to values that a program reads and writes. */
abstract class Table<K extends KeyLayout, V extends ValueLayout> extends MapDeclaration<K, V> {
  /** The entry in place: writing to it changes the map. `null` when there is none. */
  lookup(_key: Key<K>): Entry<V> | null {
    return kernelOnly();
  }
  /** 0, or a negative errno (-E2BIG when full, -EEXIST or -ENOENT by flag). */
  update(_key: Key<K>, _value: InitOf<V>, _flag?: UpdateFlag): number {
    return kernelOnly();
  }
  /** 0, or -ENOENT. */
  delete(_key: Key<K>): number {
    return kernelOnly();
  }
}

type TableOptions<K, V> = MapOptions & { readonly key: K; readonly value: V };
type ArrayOptions<V> = MapOptions & { readonly value: V };

/** @alias BPF_MAP_TYPE_HASH */
export class HashMap<K extends KeyLayout, V extends ValueLayout> extends Table<K, V> {
  readonly kind = 'hash';
  constructor(options: TableOptions<K, V>) {
    super(options.key, options.value, options);
  }
}

/** Evicts the least recently used entry when full. @alias BPF_MAP_TYPE_LRU_HASH */
export class LruHashMap<K extends KeyLayout, V extends ValueLayout> extends Table<K, V> {
  readonly kind = 'lruHash';
  constructor(options: TableOptions<K, V>) {
    super(options.key, options.value, options);
  }
}

/** One value for each CPU; a program sees its own. @alias BPF_MAP_TYPE_PERCPU_HASH */
export class PerCpuHashMap<K extends KeyLayout, V extends ValueLayout> extends Table<K, V> {
  readonly kind = 'perCpuHash';
  constructor(options: TableOptions<K, V>) {
    super(options.key, options.value, options);
  }
}

/** Indexes 0..maxEntries-1 that always exist. @alias BPF_MAP_TYPE_ARRAY */
export class ArrayMap<V extends ValueLayout> extends Table<AnyInteger, V> {
  readonly kind = 'array';
  constructor(options: ArrayOptions<V>) {
    super(u32Field, options.value, options);
  }
}

/** One array for each CPU; a program sees its own. @alias BPF_MAP_TYPE_PERCPU_ARRAY */
export class PerCpuArrayMap<V extends ValueLayout> extends Table<AnyInteger, V> {
  readonly kind = 'perCpuArray';
  constructor(options: ArrayOptions<V>) {
    super(u32Field, options.value, options);
  }
}

/**
 * Longest prefix match. The key's first field is `prefixLength: u32` (in bits), then the data in
 * network byte order. @alias BPF_MAP_TYPE_LPM_TRIE
 */
export class LpmTrie<K extends StructOf<object>, V extends ValueLayout> extends Table<K, V> {
  readonly kind = 'lpmTrie';
  constructor(options: TableOptions<K, V>) {
    super(options.key, options.value, {
      ...options,
      flags: (options.flags ?? 0) | MapFlag.NoPreallocation,
    });
  }
}

/** Programs to jump to. @alias BPF_MAP_TYPE_PROG_ARRAY */
export class ProgramArray extends MapDeclaration<AnyInteger, AnyInteger> {
  readonly kind = 'programArray';
  constructor(options: MapOptions) {
    super(u32Field, u32Field, options);
  }
  /**
   * Ends this program and runs that one; returns only when the slot is empty (or after 33 calls).
   */
  tailCall(_ctx: Context, _index: u32): void {
    kernelOnly();
  }
}

/** Maps in an array, all of the shape of `inner`. @alias BPF_MAP_TYPE_ARRAY_OF_MAPS */
export class ArrayOfMaps<M extends MapDeclaration> extends MapDeclaration<AnyInteger, AnyInteger> {
  readonly kind = 'arrayOfMaps';
  readonly inner: M;
  constructor(options: MapOptions & { readonly inner: M }) {
    super(u32Field, u32Field, options);
    this.inner = options.inner;
  }
  lookup(_index: u32): M | null {
    return kernelOnly();
  }
}

/** Maps in a hash, all of the shape of `inner`. @alias BPF_MAP_TYPE_HASH_OF_MAPS */
export class HashOfMaps<K extends KeyLayout, M extends MapDeclaration> extends MapDeclaration<
  K,
  AnyInteger
> {
  readonly kind = 'hashOfMaps';
  readonly inner: M;
  constructor(options: MapOptions & { readonly key: K; readonly inner: M }) {
    super(options.key, u32Field, options);
    this.inner = options.inner;
  }
  lookup(_key: Key<K>): M | null {
    return kernelOnly();
  }
}

/** Flags of `RingBuffer.submit` and `output`. @source include/uapi/linux/bpf.h */
export enum WakeUp {
  /** Wake the reader when it has caught up (the kernel's own choice). */
  Adaptive = 0,
  No = 1,
  Force = 2,
}

/**
 * Records from programs to node, in order, shared by all CPUs. @alias BPF_MAP_TYPE_RINGBUF @since
 * Linux 5.8
 */
export class RingBuffer extends MapDeclaration<null, null> {
  readonly kind = 'ringBuffer';
  /** `maxEntries` is the size in bytes: a power of two and a multiple of the page size. */
  constructor(options: MapOptions) {
    super(null, null, options);
  }
  /**
   * Room for one record, to be filled and then submitted or discarded on every path; `null` when
   * full.
   */
  reserve<T extends object>(_record: StructOf<T>): T | null {
    return kernelOnly();
  }
  submit(_record: object, _wakeUp?: WakeUp): void {
    kernelOnly();
  }
  discard(_record: object, _wakeUp?: WakeUp): void {
    kernelOnly();
  }
  /** Copies one record. 0, or -EAGAIN when full. */
  output(_record: object, _wakeUp?: WakeUp): number {
    return kernelOnly();
  }
}
