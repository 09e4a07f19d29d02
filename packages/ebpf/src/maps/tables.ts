/** Maps of keys to values. */
import { u32 as u32Field } from '../integers.ts';
import type { AnyInteger, InitOf, StructOf } from '../struct.ts';
import type { Entry, Key, KeyLayout, MapOptions, UpdateFlag, ValueLayout } from './declaration.ts';
import { MapDeclaration, MapFlag } from './declaration.ts';
import { kernelOnly } from './kernel-only.ts';
import { requirePrefixKey } from './prefix-key.ts';

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
 * network byte order, without padding: a be64 behind it asks for `{ packed: true }`.
 *
 * @alias BPF_MAP_TYPE_LPM_TRIE
 * @throws TypeError for a key of another shape
 */
export class LpmTrie<K extends StructOf<object>, V extends ValueLayout> extends Table<K, V> {
  readonly kind = 'lpmTrie';
  constructor(options: TableOptions<K, V>) {
    super(options.key, options.value, {
      ...options,
      flags: (options.flags ?? 0) | MapFlag.NoPreallocation,
    });
    requirePrefixKey(this.name, options.key);
  }
}
