/**
 * Maps with the types of their declarations: what a kernel program calls a field is a field here.
 *
 * In node, integers of 8 bytes are `bigint` and arrays of `u8` are `Uint8Array`; see `codecOf` of
 * `@skep/ebpf`.
 */
import { mapBtf, mapShapeOf } from '@skep/bytecode';
import {
  type Codec,
  codecOf,
  type Decoded,
  type Encodable,
  type Field,
  type IntegerField,
  type KeyLayout,
  type MapDeclaration,
  type u32,
  UpdateFlag,
  type ValueLayout,
  type ValueOf,
} from '@skep/ebpf';
import { deleteBatch, updateEach } from './batch.ts';
import { possibleCpuCount } from './cpus.ts';
import { MapArgumentError } from './errors.ts';
import type { BpfMap } from './map.ts';
import { createMap, openOrCreatePinnedMap } from './open-map.ts';
import { isPerCpu } from './shape.ts';
import { walkChunks } from './walk.ts';

/** Translates keys or values; a value of a per-CPU map is a list. */
interface Column<Read, Write> {
  encode(value: Write, target?: Uint8Array, offset?: number): Uint8Array;
  decode(bytes: Uint8Array, offset?: number): Read;
}

/** A map whose keys and values are plain objects, numbers and bigints. */
export class Table<KeyRead, KeyWrite, ValueRead, ValueWrite> {
  /** The same map as bytes. */
  readonly map: BpfMap;
  readonly #keys: Column<KeyRead, KeyWrite>;
  readonly #values: Column<ValueRead, ValueWrite>;
  /** For single operations, which copy them on. */
  readonly #key: Uint8Array;
  readonly #value: Uint8Array;

  constructor(map: BpfMap, keys: Column<KeyRead, KeyWrite>, values: Column<ValueRead, ValueWrite>) {
    this.map = map;
    this.#keys = keys;
    this.#values = values;
    this.#key = new Uint8Array(map.shape.keySize);
    this.#value = new Uint8Array(map.transferSize);
  }

  /** The value, or `undefined` where the key is not there. @throws KernelError */
  lookup(key: KeyWrite): ValueRead | undefined {
    const bytes = this.map.lookupShared(this.#keys.encode(key, this.#key));
    return bytes && this.#values.decode(bytes);
  }

  /**
   * Writes one entry.
   *
   * @throws FieldValueError for a value that does not fit; KernelError: E2BIG when full, EEXIST and
   *   ENOENT by `flag`
   */
  update(key: KeyWrite, value: ValueWrite, flag: UpdateFlag = UpdateFlag.Any): void {
    const keyBytes = this.#keys.encode(key, this.#key);
    this.map.update(keyBytes, this.#values.encode(value, this.#value), flag);
  }

  /** Removes one entry; false where it was not there. @throws KernelError */
  delete(key: KeyWrite): boolean {
    return this.map.delete(this.#keys.encode(key, this.#key));
  }

  /** All entries, while programs go on changing the map. @throws KernelError */
  *entries(): Generator<[key: KeyRead, value: ValueRead]> {
    for (const [chunk, count] of walkChunks(this.map)) {
      for (let index = 0; index < count; index++) {
        const key = this.#keys.decode(chunk.bytes, chunk.keyOffset(index));
        yield [key, this.#values.decode(chunk.bytes, chunk.valueOffset(index))];
      }
    }
  }

  /** All keys, while programs go on changing the map. @throws KernelError */
  *keys(): Generator<KeyRead> {
    for (const key of this.map.keys()) yield this.#keys.decode(key);
  }

  /** Writes many entries, about five times cheaper than one by one. @throws as {@link update} */
  updateBatch(
    entries: Iterable<readonly [key: KeyWrite, value: ValueWrite]>,
    flag: UpdateFlag = UpdateFlag.Any,
  ): void {
    updateEach(
      this.map,
      entries,
      ([key, value], bytes, keyOffset, valueOffset) => {
        this.#keys.encode(key, bytes, keyOffset);
        this.#values.encode(value, bytes, valueOffset);
      },
      flag,
    );
  }

  /** Removes many entries; gives how many were there. @throws KernelError */
  deleteBatch(keys: Iterable<KeyWrite>): number {
    return deleteBatch(this.map, this.#encodeKeys(keys));
  }

  /** Closes the descriptor; the map lives on while pinned or used by a program. */
  close(): void {
    this.map.close();
  }

  *#encodeKeys(keys: Iterable<KeyWrite>): Generator<Uint8Array> {
    for (const key of keys) yield this.#keys.encode(key);
  }
}

type Read<F> = Decoded<ValueOf<F>>;
type Write<F> = Encodable<ValueOf<F>>;

/**
 * Declarations of maps that hold values by keys. What holds sockets is opened by `openSocketMap`,
 * what has no keys by `openQueue`; program arrays, maps of maps and rings hold other things.
 */
export type TableDeclaration = MapDeclaration<KeyLayout, ValueLayout> & {
  readonly kind:
    | 'hash'
    | 'lruHash'
    | 'lpmTrie'
    | 'array'
    | 'perCpuHash'
    | 'perCpuArray'
    | 'deviceMap'
    | 'deviceHash'
    | 'cpuMap'
    | 'socketStorage'
    | 'cgroupStorage';
};

type KeyFieldOf<D extends TableDeclaration> = D extends { readonly kind: 'array' | 'perCpuArray' }
  ? IntegerField<u32>
  : D['key'];

/**
 * The table of a declaration. Values of per-CPU maps are lists: one value for each possible CPU, in
 * the order of their numbers.
 */
export type TableOf<D extends TableDeclaration> = D extends {
  readonly kind: 'perCpuHash' | 'perCpuArray';
}
  ? Table<
      Read<KeyFieldOf<D>>,
      Write<KeyFieldOf<D>>,
      Read<D['value']>[],
      readonly Write<D['value']>[]
    >
  : Table<Read<KeyFieldOf<D>>, Write<KeyFieldOf<D>>, Read<D['value']>, Write<D['value']>>;

/** Options of {@link openMap}. */
export interface OpenMapOptions {
  /** Where the map is pinned: the one that is there is opened, else it is made and pinned. */
  readonly pinPath?: string;
}

/**
 * Opens the map of a declaration.
 *
 * @throws MapShapeError when what is pinned has another shape; KernelError
 * @example
 * const connections = openMap(declaration, { pinPath: '/sys/fs/bpf/example/connections' });
 * const connection = connections.lookup({ source: 1, destination: 2 });
 */
export function openMap<D extends TableDeclaration>(
  declaration: D,
  options: OpenMapOptions = {},
): TableOf<D> {
  const { pinPath } = options;
  const shape = mapShapeOf(declaration);
  const btf = mapBtf(declaration);
  const map =
    pinPath === undefined ? createMap(shape, btf) : openOrCreatePinnedMap(pinPath, shape, btf);
  return tableOver(map, declaration);
}

/** The typed face of a map that is open already. @throws MapArgumentError for other sizes */
export function tableOver<D extends TableDeclaration>(map: BpfMap, declaration: D): TableOf<D> {
  const { key, value } = declaration;
  const { keySize, valueSize, kind } = map.shape;
  if (key.size !== keySize) {
    throw new MapArgumentError(map.name, 'declared key size', key.size, keySize);
  }
  if (value.size !== valueSize) {
    throw new MapArgumentError(map.name, 'declared value size', value.size, valueSize);
  }
  const values = isPerCpu(kind) ? perCpuColumn(codecOf(value), map) : codecOf(value);
  // What the columns read and write follows from the declaration, which the compiler cannot see.
  return new Table(map, codecOf(key), values as Column<unknown, unknown>) as unknown as TableOf<D>;
}

/** One value for each possible CPU, each in a multiple of 8 bytes. */
function perCpuColumn(codec: Codec<Field>, map: BpfMap): Column<unknown[], readonly unknown[]> {
  const cpus = possibleCpuCount();
  const stride = map.transferSize / cpus;
  return {
    encode(values, target = new Uint8Array(map.transferSize), offset = 0) {
      if (values.length !== cpus) {
        throw new MapArgumentError(map.name, 'value count', values.length, `${cpus} (one per cpu)`);
      }
      for (const [cpu, value] of values.entries()) {
        codec.encode(value as never, target, offset + cpu * stride);
      }
      return target;
    },
    decode: (bytes, offset = 0) =>
      Array.from({ length: cpus }, (_, cpu) => codec.decode(bytes, offset + cpu * stride)),
  };
}
