/** Maps without keys: queues, stacks and Bloom filters. */
import { mapShapeOf } from '@skep/bytecode';
import {
  type BloomFilter,
  codecOf,
  type Decoded,
  type Encodable,
  PushFlag,
  type Queue,
  type Stack,
  type ValueLayout,
  type ValueOf,
} from '@skep/ebpf';
import { BpfAttribute, BpfCommand, bpfResult, Errno } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpfError } from './call.ts';
import type { BpfMap } from './map.ts';
import { createMap, openOrCreatePinnedMap } from './open-map.ts';
import type { OpenMapOptions } from './table.ts';

const { element } = BpfAttribute;

/** One operation on a value; the errno, 0 where it went well. */
function call(map: BpfMap, command: number, value: Uint8Array, flags = 0): number {
  const attribute = new Attribute(element.size)
    .setU32(element.map_fd, map.fd.number)
    .setPointer(element.value, value)
    .setU32(element.flags, flags);
  return -bpfResult(command, attribute.bytes);
}

function push(map: BpfMap, value: Uint8Array, flags: number): void {
  const errno = call(map, BpfCommand.MAP_UPDATE_ELEM, value, flags);
  if (errno !== 0) throw bpfError(errno, { operation: 'push to map', subject: map.name });
}

/** Values one behind the other. */
export class ValueQueue<V extends ValueLayout> {
  constructor(
    readonly map: BpfMap,
    readonly value: V,
  ) {}

  /** @throws KernelError E2BIG when full */
  push(value: Encodable<ValueOf<V>>, flag: PushFlag = PushFlag.Any): void {
    push(this.map, codecOf(this.value).encode(value as never), flag);
  }

  /** The next value, which is taken out; `undefined` when there is none. @throws KernelError */
  pop(): Decoded<ValueOf<V>> | undefined {
    return this.#read(BpfCommand.MAP_LOOKUP_AND_DELETE_ELEM);
  }

  /** The next value, which stays; `undefined` when there is none. @throws KernelError */
  peek(): Decoded<ValueOf<V>> | undefined {
    return this.#read(BpfCommand.MAP_LOOKUP_ELEM);
  }

  /** Closes the descriptor; the map lives on while pinned or used by a program. */
  close(): void {
    this.map.close();
  }

  #read(command: number): Decoded<ValueOf<V>> | undefined {
    const bytes = new Uint8Array(this.map.shape.valueSize);
    const errno = call(this.map, command, bytes);
    if (errno === Errno.ENOENT) return undefined;
    if (errno !== 0) throw bpfError(errno, { operation: 'read map', subject: this.map.name });
    return codecOf(this.value).decode(bytes) as Decoded<ValueOf<V>>;
  }
}

/** A set that may say yes to what was never added. */
export class ValueFilter<V extends ValueLayout> {
  constructor(
    readonly map: BpfMap,
    readonly value: V,
  ) {}

  /** @throws KernelError */
  add(value: Encodable<ValueOf<V>>): void {
    push(this.map, codecOf(this.value).encode(value as never), 0);
  }

  /** False: it was never added. @throws KernelError */
  has(value: Encodable<ValueOf<V>>): boolean {
    const bytes = codecOf(this.value).encode(value as never);
    const errno = call(this.map, BpfCommand.MAP_LOOKUP_ELEM, bytes);
    if (errno === 0 || errno === Errno.ENOENT) return errno === 0;
    throw bpfError(errno, { operation: 'look up in map', subject: this.map.name });
  }

  /** Closes the descriptor; the map lives on while pinned or used by a program. */
  close(): void {
    this.map.close();
  }
}

/** Opens the queue or stack of a declaration, or makes it. @throws MapShapeError; KernelError */
export function openQueue<V extends ValueLayout>(
  declaration: Queue<V> | Stack<V>,
  options: OpenMapOptions = {},
): ValueQueue<V> {
  return new ValueQueue(openShape(declaration, options), declaration.value);
}

/** Opens the Bloom filter of a declaration, or makes it. @throws MapShapeError; KernelError */
export function openBloomFilter<V extends ValueLayout>(
  declaration: BloomFilter<V>,
  options: OpenMapOptions = {},
): ValueFilter<V> {
  return new ValueFilter(openShape(declaration, options), declaration.value);
}

function openShape(
  declaration: Parameters<typeof mapShapeOf>[0],
  { pinPath }: OpenMapOptions,
): BpfMap {
  const shape = mapShapeOf(declaration);
  return pinPath === undefined ? createMap(shape) : openOrCreatePinnedMap(pinPath, shape);
}
