/**
 * Codecs: structs between their bytes in kernel memory and plain objects in node. For each layout
 * one encoder and one decoder are generated, straight-line code with fixed offsets.
 *
 * In node, integers of 8 bytes are `bigint` and arrays of `u8` are `Uint8Array`; all else reads as
 * in a kernel program.
 */
import type { FieldCode } from './codec-source.ts';
import { decoderSource, encoderSource } from './codec-source.ts';
import type { width } from './integers.ts';
import type { Field, ValueOf } from './struct.ts';
import type { overlaps } from './union.ts';

type BrandOf<T> = T extends { readonly [width]?: infer W }
  ? unknown extends W
    ? never
    : W
  : never;
type IsWide<T> = 64 extends BrandOf<T> ? true : 's64' extends BrandOf<T> ? true : false;
type IsByte<T> = [BrandOf<T>] extends [never]
  ? false
  : [Exclude<BrandOf<T>, undefined>] extends [8]
    ? true
    : false;

/** What node reads: 8-byte integers are `bigint`, arrays of `u8` are `Uint8Array`. */
export type Decoded<T> = T extends boolean
  ? T
  : T extends number
    ? IsWide<T> extends true
      ? bigint
      : T
    : T extends readonly (infer E)[]
      ? IsByte<E> extends true
        ? Uint8Array
        : Decoded<E>[]
      : { -readonly [K in Exclude<keyof T, typeof overlaps>]: Decoded<T[K]> };

/**
 * What node writes: every field, of a union at least one; a safe `number` will do where 8 bytes are
 * wanted.
 */
export type Encodable<T> = T extends boolean
  ? T
  : T extends number
    ? IsWide<T> extends true
      ? bigint | number
      : T
    : T extends readonly (infer E)[]
      ? IsByte<E> extends true
        ? Uint8Array | readonly number[]
        : readonly Encodable<E>[]
      : T extends { readonly [overlaps]: true }
        ? { readonly [K in Exclude<keyof T, typeof overlaps>]?: Encodable<T[K]> }
        : { readonly [K in keyof T]: Encodable<T[K]> };

/** Both directions for one layout of `size` bytes. */
export interface Codec<F extends Field = Field> {
  readonly size: number;
  /**
   * Writes all `size` bytes at `offset`, padding as zeros; into a new array without a target.
   * @returns the target
   * @throws FieldValueError for a missing field or a value that does not fit
   * @throws RangeError when the target is too short
   */
  encode(value: Encodable<ValueOf<F>>, target?: Uint8Array, offset?: number): Uint8Array;
  /** @throws RangeError when there are fewer than `size` bytes from `offset` on */
  decode(bytes: Uint8Array, offset?: number): Decoded<ValueOf<F>>;
}

/** A value that its field cannot hold. */
export class FieldValueError extends RangeError {
  readonly code = 'SKEP_FIELD_VALUE';

  constructor(
    /** From the struct inwards, such as `FlowKey.source.port`; the type for a plain integer. */
    readonly field: string,
    readonly value: unknown,
    readonly expected: string,
  ) {
    super(`encode ${field}: found ${describe(value)}, expected ${expected}`);
    this.name = 'FieldValueError';
  }
}

function describe(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const codecs = new WeakMap<object, Codec>();

/** The codec of a struct class, an integer or an array; made once for each. */
export function codecOf<F extends Field>(field: F): Codec<F> {
  const cached = codecs.get(field);
  if (cached) return cached as unknown as Codec<F>;
  const made = makeCodec(field);
  codecs.set(field, made as unknown as Codec);
  return made;
}

function makeCodec<F extends Field>(field: F): Codec<F> {
  const name = field.kind === 'struct' ? (field as unknown as { name: string }).name : field.kind;
  const root: FieldCode = { field, path: field.kind === 'integer' ? field.type : name, offset: 0 };
  const fail = (path: string, value: unknown, expected: string): never => {
    throw new FieldValueError(path, value, expected);
  };
  const { size } = field;
  type Encode = (view: DataView, bytes: Uint8Array, base: number, value: unknown) => void;
  type Decode = (view: DataView, bytes: Uint8Array, base: number) => unknown;
  // Layouts come from code, never from outside; names in them are quoted by the generator.
  const encode = new Function('fail', `return ${encoderSource(root)}`)(fail) as Encode;
  const decode = new Function(`return ${decoderSource(root)}`)() as Decode;
  return {
    size,
    encode(value, target = new Uint8Array(size), offset = 0) {
      requireRoom('encode', root.path, size, target, offset);
      encode(viewOf(target), target, offset, value);
      return target;
    },
    decode(bytes, offset = 0) {
      requireRoom('decode', root.path, size, bytes, offset);
      return decode(viewOf(bytes), bytes, offset) as Decoded<ValueOf<F>>;
    },
  };
}

function requireRoom(
  operation: string,
  path: string,
  size: number,
  bytes: Uint8Array,
  offset: number,
): void {
  if (offset >= 0 && offset + size <= bytes.length) return;
  const found = Math.max(0, bytes.length - offset);
  throw new RangeError(`${operation} ${path}: found ${found} bytes, expected ${size}`);
}

let lastBytes: Uint8Array | null = null;
let lastView: DataView | null = null;

/** Buffers are used many times in a row: a ring, a batch of keys. */
function viewOf(bytes: Uint8Array): DataView {
  if (lastBytes === bytes && lastView) return lastView;
  lastBytes = bytes;
  lastView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return lastView;
}
