/**
 * Maps: tables that kernel programs and node share. Declared once, at module level, exported.
 *
 * The classes of this folder are declarations: the methods are what a kernel program calls and
 * become helper calls; node opens the same declaration with `@skep/bpf`, the machine with
 * `@skep/bytecode`.
 */
import type { AnyInteger, InitOf, StructLayout, StructOf, ValueOf } from '../struct.ts';

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
  | 'ringBuffer'
  | 'queue'
  | 'stack'
  | 'bloomFilter'
  | 'deviceMap'
  | 'deviceHash'
  | 'cpuMap'
  | 'xskMap'
  | 'socketMap'
  | 'socketHash'
  | 'socketArray'
  | 'socketStorage'
  | 'cgroupStorage';

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
