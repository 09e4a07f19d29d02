/** What the checker knows of a register or of a spilled one. */
import type { MapShape } from '../object.ts';

/**
 * `id` tells pointers that move or are checked together: the slot of the instruction that made
 * them. An offset that is not there is not known.
 */
export type Value =
  /** Nothing was written to it. */
  | { readonly kind: 'unread' }
  /** It may be anything: nothing is said against it. */
  | { readonly kind: 'unknown' }
  /** `most`: a number of which the kernel knows this and no more: it lies from 0 to there. */
  | { readonly kind: 'scalar'; readonly value?: bigint; readonly most?: bigint }
  | { readonly kind: 'context' }
  | { readonly kind: 'stack'; readonly offset?: number }
  | { readonly kind: 'packet'; readonly id: number; readonly offset: number }
  | { readonly kind: 'packetEnd' }
  | (Nullable & { readonly kind: 'map'; readonly map: MapShape })
  | (Nullable & {
      readonly kind: 'mapValue';
      readonly map: MapShape;
      readonly offset?: number;
      /** How far beyond the offset the kernel takes it to point at most. */
      readonly most?: number;
    })
  | (Nullable & { readonly kind: 'record'; readonly offset?: number; readonly size?: number })
  /** A socket that was looked up, and has to be released. */
  | (Nullable & { readonly kind: 'socket' });

/** A pointer that a helper gave. */
export interface Nullable {
  readonly id: number;
  /** Until it was compared with 0. */
  readonly mayBeNull: boolean;
}

/** Nothing was written. */
export const unread: Value = { kind: 'unread' };
/** Anything. */
export const unknown: Value = { kind: 'unknown' };
/** Any number. */
export const scalar: Value = { kind: 'scalar' };

/** A number that is known: 64 bits. */
export function number(value: bigint): Value {
  return { kind: 'scalar', value: BigInt.asUintN(64, value) };
}

/** All that the kernel knows of 64 bits that it has not seen before. */
export const ANY_NUMBER = 2n ** 64n - 1n;

/** A number as it comes from memory: nothing was compared with it yet. */
export function fresh(most: bigint): Value {
  return { kind: 'scalar', most };
}

/** Whether both say the same. */
export function isSame(one: Value, other: Value): boolean {
  if (one === other) return true;
  if (one.kind !== other.kind) return false;
  const [a, b] = [one, other] as [Record<string, unknown>, Record<string, unknown>];
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

/** What holds where two ways meet. */
export function joined(one: Value, other: Value): Value {
  if (isSame(one, other)) return one;
  if (one.kind === 'scalar' && other.kind === 'scalar') return scalar;
  if (one.kind === 'stack' && other.kind === 'stack') return { kind: 'stack' };
  return unknown;
}

/** The kernel's word for it. */
export function kernelName(value: Value): string {
  const orNull = 'mayBeNull' in value && value.mayBeNull ? '_or_null' : '';
  switch (value.kind) {
    case 'context':
      return 'ctx';
    case 'stack':
      return 'fp';
    case 'packet':
      return 'pkt';
    case 'packetEnd':
      return 'pkt_end';
    case 'map':
      return `map_ptr${orNull}`;
    case 'mapValue':
      return `map_value${orNull}`;
    case 'record':
      return `ringbuf_mem${orNull}`;
    case 'socket':
      return `sock${orNull}`;
    default:
      return 'scalar';
  }
}
