/** Values without keys: in order, or only as members of a set. */
import type { InitOf } from '../struct.ts';
import type { Entry, MapOptions, ValueLayout } from './declaration.ts';
import { MapDeclaration } from './declaration.ts';
import { kernelOnly } from './kernel-only.ts';

type ValueOptions<V> = MapOptions & { readonly value: V };

/** Flags of `push`. @source include/uapi/linux/bpf.h */
export enum PushFlag {
  /** -E2BIG when full. */
  Any = 0,
  /** Takes the place of the oldest when full. */
  Replace = 2,
}

/** Values one behind the other. */
abstract class Sequence<V extends ValueLayout> extends MapDeclaration<null, V> {
  constructor(options: ValueOptions<V>) {
    super(null, options.value, options);
  }
  /** 0, or -E2BIG when full. */
  push(_value: InitOf<V>, _flag?: PushFlag): number {
    return kernelOnly();
  }
  /** A copy of the next value, which is taken out; `null` when there is none. */
  pop(): Entry<V> | null {
    return kernelOnly();
  }
  /** A copy of the next value, which stays; `null` when there is none. */
  peek(): Entry<V> | null {
    return kernelOnly();
  }
}

/** First in, first out. @alias BPF_MAP_TYPE_QUEUE @since Linux 4.20 */
export class Queue<V extends ValueLayout> extends Sequence<V> {
  readonly kind = 'queue';
}

/** Last in, first out. @alias BPF_MAP_TYPE_STACK @since Linux 4.20 */
export class Stack<V extends ValueLayout> extends Sequence<V> {
  readonly kind = 'stack';
}

/**
 * A set that may say yes to what was never added, and never no to what was. Nothing is taken out;
 * `maxEntries` is how many values keep the promised rate of false answers.
 *
 * @alias BPF_MAP_TYPE_BLOOM_FILTER @since Linux 5.16
 */
export class BloomFilter<V extends ValueLayout> extends MapDeclaration<null, V> {
  readonly kind = 'bloomFilter';
  constructor(options: ValueOptions<V>) {
    super(null, options.value, options);
  }
  /** 0, or a negative errno. */
  add(_value: InitOf<V>): number {
    return kernelOnly();
  }
  has(_value: InitOf<V>): boolean {
    return kernelOnly();
  }
}
