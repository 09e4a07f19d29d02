/**
 * Fixed-width integers: each name is a type, a field of a struct, and a cast.
 *
 * The brands widen one way: a `u8` fits wherever a `u32` is wanted, a `u32` does not fit into a
 * `u8` without the cast `u8(x)`. Plain literals and arithmetic fit everywhere.
 */

/** The brand's key; it exists only in types. */
export declare const width: unique symbol;
declare const name: unique symbol;

type Width<W> = number & { readonly [width]?: W };

/** 0 to 255. */
export type u8 = Width<8>;
/** 0 to 65,535. */
export type u16 = Width<8 | 16>;
/** 0 to 4,294,967,295. */
export type u32 = Width<8 | 16 | 32>;
/** 0 to 2^64 - 1; a `number` in programs, a `bigint` in node. */
export type u64 = Width<8 | 16 | 32 | 64>;
/** -2^31 to 2^31 - 1. */
export type s32 = Width<'s32' | 8 | 16>;
/** -2^63 to 2^63 - 1; a `number` in programs, a `bigint` in node. */
export type s64 = Width<'s64' | 's32' | 8 | 16 | 32>;
/** Read and written in host order; the bytes in memory are big-endian. */
export type be16 = u16;
/** As `be16`, 4 bytes. */
export type be32 = u32;
/** As `be16`, 8 bytes. */
export type be64 = u64;

/** A number that fits only where the same name is wanted, such as an interface index. */
export type Distinct<T extends number, Name extends string> = T & { readonly [name]: Name };

/** The integers by their names in messages and layouts; `bool` is one byte, 0 or 1. */
export type IntegerName = 'u8' | 'u16' | 'u32' | 'u64' | 's32' | 's64' | 'bool';

/** How one integer lies in memory; calling it truncates a number to its width. */
export interface IntegerField<T> {
  (value: number | bigint): T;
  readonly kind: 'integer';
  readonly type: IntegerName;
  readonly size: 1 | 2 | 4 | 8;
  readonly isSigned: boolean;
  readonly isBigEndian: boolean;
  /** `+=` on it is one locked add, seen by all CPUs. */
  readonly isAtomic: boolean;
  /** The enum whose members it holds, where it was made with `enumOf`. */
  readonly values?: Readonly<Record<string, string | number>>;
}

interface Shape {
  readonly type: IntegerName;
  readonly size: 1 | 2 | 4 | 8;
  readonly isSigned?: boolean;
  readonly isBigEndian?: boolean;
  readonly isAtomic?: boolean;
  readonly values?: Readonly<Record<string, string | number>>;
}

function integer<T>(shape: Shape): IntegerField<T> {
  const bits = shape.size * 8;
  const truncate = (value: number | bigint): number => {
    const whole = BigInt(value);
    return Number(shape.isSigned ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole));
  };
  const defaults = { kind: 'integer', isSigned: false, isBigEndian: false, isAtomic: false };
  return Object.assign(truncate, defaults, shape) as unknown as IntegerField<T>;
}

/** 0 to 255. */
export const u8 = integer<u8>({ type: 'u8', size: 1 });
/** 0 to 65,535. */
export const u16 = integer<u16>({ type: 'u16', size: 2 });
/** 0 to 4,294,967,295. */
export const u32 = integer<u32>({ type: 'u32', size: 4 });
/** 0 to 2^64 - 1; a `number` in programs, a `bigint` in node. */
export const u64 = integer<u64>({ type: 'u64', size: 8 });
/** -2^31 to 2^31 - 1. */
export const s32 = integer<s32>({ type: 's32', size: 4, isSigned: true });
/** -2^63 to 2^63 - 1; a `number` in programs, a `bigint` in node. */
export const s64 = integer<s64>({ type: 's64', size: 8, isSigned: true });
export const be16 = integer<be16>({ type: 'u16', size: 2, isBigEndian: true });
/** As `be16`, 4 bytes. */
export const be32 = integer<be32>({ type: 'u32', size: 4, isBigEndian: true });
/** As `be16`, 8 bytes. */
export const be64 = integer<be64>({ type: 'u64', size: 8, isBigEndian: true });
/** One byte: false is 0, everything else true; true is written as 1. */
export const bool = integer<boolean>({ type: 'bool', size: 1 });

/** The same integer, whose `+=` is one locked add (4 or 8 bytes, host order). */
export function atomic<T>(field: IntegerField<T>): IntegerField<T> {
  if (field.size < 4 || field.isBigEndian) {
    throw new TypeError(`atomic field ${field.type}: expected u32, u64, s32 or s64`);
  }
  return integer<T>({ ...shapeOf(field), isAtomic: true });
}

/**
 * The same integer, holding the members of one enum: comparing it with another enum's is a type
 * error.
 */
export function enumOf<E extends Readonly<Record<string, string | number>>>(
  field: IntegerField<number>,
  values: E,
): IntegerField<E[keyof E]> {
  return integer<E[keyof E]>({ ...shapeOf(field), values });
}

/** The same integer under a name of its own, so that an interface index is not an endpoint id. */
export function distinct<T extends number, Name extends string>(
  field: IntegerField<T>,
  _name: Name,
): IntegerField<Distinct<T, Name>> {
  return integer<Distinct<T, Name>>(shapeOf(field));
}

function shapeOf<T>(field: IntegerField<T>): Shape {
  const { type, size, isSigned, isBigEndian, isAtomic, values } = field;
  return { type, size, isSigned, isBigEndian, isAtomic, ...(values ? { values } : {}) };
}
