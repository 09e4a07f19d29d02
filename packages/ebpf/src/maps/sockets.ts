/** Sockets in maps: data is sent from one to another, connections are given to one of them. */
import type { SkAction } from '../contexts/results.ts';
import type { ReuseportContext } from '../contexts/reuseport.ts';
import type { SocketLookupContext } from '../contexts/socket-lookup.ts';
import type { MessageContext } from '../contexts/socket-message.ts';
import type { SocketOperationsContext } from '../contexts/socket-operations.ts';
import type { SkbVerdictContext, StreamVerdictContext } from '../contexts/socket-stream.ts';
import { type u32, u32 as u32Field, u64 as u64Field } from '../integers.ts';
import type { AnyInteger } from '../struct.ts';
import type { Key, KeyLayout, MapOptions, UpdateFlag } from './declaration.ts';
import { MapDeclaration } from './declaration.ts';
import { kernelOnly } from './kernel-only.ts';

/** Data that a program may send on to another socket. */
export type RedirectableContext = StreamVerdictContext | SkbVerdictContext | MessageContext;

/** Which end of the other socket the data goes to. @source BPF_F_INGRESS, bpf.h */
export enum SocketEnd {
  /** As if its process had sent it. */
  Send = 0,
  /** Its process receives it. */
  Receive = 1,
}

/**
 * A map of sockets. Node puts them in by their descriptors; what node reads back is the cookie of
 * the socket. A closed socket leaves the map by itself. Programs that are attached to the map run
 * for the sockets in it.
 */
abstract class SocketTable<K extends KeyLayout> extends MapDeclaration<K, AnyInteger> {
  /** Puts the context's socket in. 0, or a negative errno: the connection is not in the map. */
  update(_ctx: SocketOperationsContext, _key: Key<K>, _flag?: UpdateFlag): number {
    return kernelOnly();
  }
  /** 0, or a negative errno where there was none. */
  delete(_key: Key<K>): number {
    return kernelOnly();
  }
  /** The action to return: the data goes to that socket; `Drop` where there is none. */
  redirect(_ctx: RedirectableContext, _key: Key<K>, _end?: SocketEnd): SkAction {
    return kernelOnly();
  }
  /**
   * Gives the connection or datagram to that socket. 0; -ENOENT where there is none, and others
   * where it does not fit (-ESOCKTNOSUPPORT, -EEXIST when one was chosen before).
   */
  assign(_ctx: SocketLookupContext, _key: Key<K>): number {
    return kernelOnly();
  }
  /** Chooses that socket of the group. 0, or -ENOENT. @since Linux 5.8 */
  select(_ctx: ReuseportContext, _key: Key<K>): number {
    return kernelOnly();
  }
}

/** Sockets by index. @alias BPF_MAP_TYPE_SOCKMAP @since Linux 4.14 */
export class SocketMap extends SocketTable<AnyInteger> {
  readonly kind = 'socketMap';
  constructor(options: MapOptions) {
    super(u32Field, u64Field, options);
  }
}

/** Sockets by any key. @alias BPF_MAP_TYPE_SOCKHASH @since Linux 4.18 */
export class SocketHash<K extends KeyLayout> extends SocketTable<K> {
  readonly kind = 'socketHash';
  constructor(options: MapOptions & { readonly key: K }) {
    super(options.key, u64Field, options);
  }
}

/**
 * Sockets of one group of SO_REUSEPORT by index. @alias BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
 * @since Linux 4.19
 */
export class SocketArray extends MapDeclaration<AnyInteger, AnyInteger> {
  readonly kind = 'socketArray';
  constructor(options: MapOptions) {
    super(u32Field, u64Field, options);
  }
  /** Chooses that socket of the group. 0, or -ENOENT. */
  select(_ctx: ReuseportContext, _index: u32): number {
    return kernelOnly();
  }
}
