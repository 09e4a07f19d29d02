/** Values without keys: queue, stack, Bloom filter. @source kernel/bpf/queue_stack_maps.c */
import type { MapShape } from '../../object.ts';
import { Errno } from '../errno.ts';
import { MachineMap, MapError, textOf } from './map.ts';

/** Takes the place of the oldest value. @source BPF_EXIST, include/uapi/linux/bpf.h */
const REPLACE = 2;

/** A map that values are pushed to. */
export abstract class ValueMap extends MachineMap {
  constructor(shape: MapShape) {
    super(shape);
    const { keySize, valueSize, maxEntries } = shape;
    if (keySize === 0 && valueSize > 0 && maxEntries > 0) return;
    const detail = `key size ${keySize}, value size ${valueSize}, ${maxEntries} entries`;
    throw new MapError(shape.name, 'create', Errno.EINVAL, `${detail}, expected no key`);
  }

  override find(): undefined {
    return undefined;
  }

  /** 0, or a negative error number. */
  abstract push(value: Uint8Array, flags: number): number;
  /** 0 with the bytes written to `value`, or a negative error number. */
  abstract peek(value: Uint8Array): number;
  /** As `peek`, and takes the value out. */
  abstract pop(value: Uint8Array): number;
}

/** First in, first out, or the other way round. @alias BPF_MAP_TYPE_QUEUE BPF_MAP_TYPE_STACK */
export class QueueMap extends ValueMap {
  private readonly values: Uint8Array[] = [];

  /** Copies of all values, the oldest first. */
  contents(): Uint8Array[] {
    return this.values.map((value) => value.slice());
  }

  override push(value: Uint8Array, flags: number): number {
    if (flags !== 0 && flags !== REPLACE) return -Errno.EINVAL;
    if (this.values.length >= this.shape.maxEntries) {
      if (flags !== REPLACE) return -Errno.E2BIG;
      this.values.shift();
    }
    this.values.push(value.slice());
    return 0;
  }

  override peek(value: Uint8Array): number {
    return this.give(this.values.at(this.shape.kind === 'queue' ? 0 : -1), value);
  }

  override pop(value: Uint8Array): number {
    return this.give(this.shape.kind === 'queue' ? this.values.shift() : this.values.pop(), value);
  }

  /** As the kernel: without a value the program finds zeros. */
  private give(found: Uint8Array | undefined, value: Uint8Array): number {
    value.fill(0);
    if (!found) return -Errno.ENOENT;
    value.set(found);
    return 0;
  }
}

/**
 * Says yes to all that was added. Where the kernel's may say yes to others too, this one never
 * does. @alias BPF_MAP_TYPE_BLOOM_FILTER
 */
export class BloomFilterMap extends ValueMap {
  private readonly values = new Set<string>();

  override push(value: Uint8Array, flags: number): number {
    if (flags !== 0) return -Errno.EINVAL;
    this.values.add(textOf(value));
    return 0;
  }

  override peek(value: Uint8Array): number {
    return this.values.has(textOf(value)) ? 0 : -Errno.ENOENT;
  }

  override pop(): number {
    return -Errno.EOPNOTSUPP;
  }
}
