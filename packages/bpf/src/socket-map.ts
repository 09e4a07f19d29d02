/** Maps that hold sockets: written by their descriptors, read as their cookies. */
import { mapShapeOf } from '@skep/bytecode';
import {
  codecOf,
  type Decoded,
  type Encodable,
  type KeyLayout,
  type SocketArray,
  type SocketHash,
  type SocketMap,
  UpdateFlag,
  type ValueOf,
  type XskMap,
} from '@skep/ebpf';
import type { Fd } from '@skep/sys';
import type { BpfMap } from './map.ts';
import { createMap, openOrCreatePinnedMap } from './open-map.ts';
import type { OpenMapOptions } from './table.ts';

/** Declarations of maps that hold sockets. */
export type SocketMapDeclaration = SocketMap | SocketHash<KeyLayout> | SocketArray | XskMap;
type KeyOf<D extends SocketMapDeclaration> = D extends SocketHash<infer K> ? ValueOf<K> : number;

/** A socket by its descriptor; a number is one that this process has from elsewhere. */
export type SocketDescriptor = Fd<'socket'> | number;

/** A map of sockets. A socket that is closed leaves it by itself. */
export class SocketTable<Key> {
  constructor(
    readonly map: BpfMap,
    readonly encodeKey: (key: Encodable<Key>) => Uint8Array,
    readonly decodeKey: (bytes: Uint8Array) => Decoded<Key>,
  ) {}

  /**
   * Puts a socket in.
   *
   * @throws KernelError: EOPNOTSUPP or EINVAL for a socket that such a map does not take (one that
   *   neither listens nor is connected, for example), E2BIG when full
   */
  update(key: Encodable<Key>, socket: SocketDescriptor, flag: UpdateFlag = UpdateFlag.Any): void {
    const number = typeof socket === 'number' ? socket : socket.number;
    const value = new Uint8Array(this.map.shape.valueSize);
    new DataView(value.buffer).setUint32(0, number, true);
    this.map.update(this.encodeKey(key), value, flag);
  }

  /**
   * The number that names the socket for as long as the machine runs; `undefined` where there is
   * none. Maps of AF_XDP sockets are not read.
   *
   * @throws KernelError
   */
  cookie(key: Encodable<Key>): bigint | undefined {
    const value = this.map.lookup(this.encodeKey(key));
    return value && new DataView(value.buffer).getBigUint64(0, true);
  }

  /** Takes a socket out; false where there was none. @throws KernelError */
  delete(key: Encodable<Key>): boolean {
    return this.map.delete(this.encodeKey(key));
  }

  /** The keys of all sockets, in no order. @throws KernelError */
  *keys(): Generator<Decoded<Key>> {
    for (const key of this.map.keys()) yield this.decodeKey(key);
  }

  /** Closes the descriptor; the map lives on while pinned or used by a program. */
  close(): void {
    this.map.close();
  }
}

/**
 * Opens the map of a declaration, or makes it.
 *
 * @throws MapShapeError when what is pinned has another shape; KernelError
 */
export function openSocketMap<D extends SocketMapDeclaration>(
  declaration: D,
  { pinPath }: OpenMapOptions = {},
): SocketTable<KeyOf<D>> {
  const shape = mapShapeOf(declaration);
  const map = pinPath === undefined ? createMap(shape) : openOrCreatePinnedMap(pinPath, shape);
  const codec = codecOf(declaration.key);
  // What the codec reads and writes follows from the declaration, which the compiler cannot see.
  return new SocketTable<KeyOf<D>>(
    map,
    (key) => codec.encode(key as never),
    (bytes) => codec.decode(bytes) as Decoded<KeyOf<D>>,
  );
}
