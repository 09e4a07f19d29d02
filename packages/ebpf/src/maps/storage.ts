/** Values that belong to an object of the kernel and end with it. */
import type { Socket } from '../contexts/socket.ts';
import { s32 as s32Field, u64 as u64Field } from '../integers.ts';
import type { AnyInteger } from '../struct.ts';
import type { Entry, MapOptions, ValueLayout } from './declaration.ts';
import { MapDeclaration, MapFlag } from './declaration.ts';
import { kernelOnly } from './kernel-only.ts';

type StorageOptions<V> = Omit<MapOptions, 'maxEntries'> & { readonly value: V };

/**
 * A value for each socket. Node asks by the socket's descriptor.
 *
 * @alias BPF_MAP_TYPE_SK_STORAGE @since Linux 5.2
 */
export class SocketStorage<V extends ValueLayout> extends MapDeclaration<AnyInteger, V> {
  readonly kind = 'socketStorage';
  constructor(options: StorageOptions<V>) {
    const flags = (options.flags ?? 0) | MapFlag.NoPreallocation;
    super(s32Field, options.value, { ...options, maxEntries: 0, flags });
  }
  /** The socket's value in place; `null` when it has none. */
  get(_socket: Readonly<Socket>): Entry<V> | null {
    return kernelOnly();
  }
  /** As `get`, made of zeros when it has none; `null` when there is no memory for it. */
  getOrCreate(_socket: Readonly<Socket>): Entry<V> | null {
    return kernelOnly();
  }
  /** 0, or -ENOENT. */
  delete(_socket: Readonly<Socket>): number {
    return kernelOnly();
  }
}

/**
 * A value for each control group that a program of this map is attached to. Node asks by the
 * group's number (the inode of its directory).
 *
 * @alias BPF_MAP_TYPE_CGROUP_STORAGE @since Linux 5.9 with this key
 */
export class CgroupStorage<V extends ValueLayout> extends MapDeclaration<AnyInteger, V> {
  readonly kind = 'cgroupStorage';
  constructor(options: StorageOptions<V>) {
    super(u64Field, options.value, { ...options, maxEntries: 0 });
  }
  /** The value of the group that the program runs for, in place. */
  get(): Entry<V> {
    return kernelOnly();
  }
}
