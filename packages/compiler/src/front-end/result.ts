/**
 * What lowering an expression gives: a JavaScript value known when compiling, a value computed by
 * the program, or a group of named results. With it, the language's own types: tsc knows that a
 * sum is a `number`, only these know its width.
 */
import type {
  AnyInteger,
  ArrayField,
  ContextField,
  ContextShape,
  Field,
  KernelStruct,
  MapDeclaration,
  StructOf,
} from '@skep/ebpf';
import type { Space, Value, Width } from '../ir/ir.ts';

/** An integer at run time: `bits` wide in memory, 32 or 64 in a register. */
export interface IntegerType {
  readonly kind: 'integer';
  readonly bits: 8 | 16 | 32 | 64;
  readonly isSigned: boolean;
}

/** An integer in place: the value of a map whose values are plain integers. */
export interface CellLayout {
  readonly kind: 'cell';
  readonly field: AnyInteger;
  readonly size: number;
}

/** A live struct class. */
export type Struct = StructOf<object>;
/** What a pointer can lead to. */
export type Pointee = Struct | ArrayField | CellLayout;

/** A struct, an array or a cell in memory. */
export interface PointerType {
  readonly kind: 'pointer';
  readonly to: Pointee;
  readonly space: Space;
  readonly isNullable: boolean;
}

/** The argument of a program. */
export interface ContextType {
  readonly kind: 'context';
  readonly shape: ContextShape;
  readonly name: string;
}

/** A map found inside another map. */
export interface InnerMapType {
  readonly kind: 'innerMap';
  readonly declaration: MapDeclaration;
  readonly isNullable: boolean;
}

/** A struct of the kernel itself. */
export interface KernelStructType {
  readonly kind: 'kernelStruct';
  readonly struct: KernelStruct;
  readonly isNullable: boolean;
}

/** A boolean; as a byte of memory everything but 0 is true. */
export interface BooleanType {
  readonly kind: 'boolean';
  readonly isByte?: boolean;
}

/** The types of computed values. */
export type Type =
  | IntegerType
  | BooleanType
  | PointerType
  | ContextType
  | InnerMapType
  | KernelStructType;

/** A JavaScript value; `undefined` is also what a function without result gives. */
export interface Known {
  readonly kind: 'known';
  readonly value: unknown;
}

/** A value that the program computes. */
export interface Computed {
  readonly kind: 'computed';
  readonly value: Value;
  readonly type: Type;
  /** Bytes to add to a pointer's value; folded into the accesses through it. */
  readonly offset: number;
  /** An upper bound that the kernel's verifier can see as well, where there is one. */
  readonly max?: bigint;
}

/**
 * An object literal that is no struct: it exists only when compiling, its members may be computed.
 */
export interface Group {
  readonly kind: 'group';
  readonly members: ReadonlyMap<string, Result>;
}

/** The context that a program got. */
export type ContextPointer = Computed & { readonly type: ContextType };

/**
 * Several numbers of the context, of which each is a field of its own: it is known when compiling
 * where they lie.
 */
export class ContextArray {
  constructor(
    readonly context: ContextPointer,
    readonly field: ContextField,
  ) {}
}

/** A field of the context that is assigned to, with the index of one that is several numbers. */
export interface ContextTarget {
  readonly context: ContextPointer;
  readonly name: string;
  readonly index: Result | null;
}

/** What lowering an expression gives. */
export type Result = Known | Computed | Group;
/** A computed value that is a pointer. */
export type ComputedPointer = Computed & { readonly type: PointerType };

/** Unsigned, 32 bits. */
export const u32Type: IntegerType = { kind: 'integer', bits: 32, isSigned: false };
/** Unsigned, 64 bits. */
export const u64Type: IntegerType = { kind: 'integer', bits: 64, isSigned: false };
/** Signed, 32 bits. */
export const s32Type: IntegerType = { kind: 'integer', bits: 32, isSigned: true };
/** Signed, 64 bits. */
export const s64Type: IntegerType = { kind: 'integer', bits: 64, isSigned: true };
/** 0 or 1 in 32 bits. */
export const booleanType: Type = { kind: 'boolean' };

/** As it lies in memory: it has to become 0 or 1 before it is stored, compared or passed on. */
export const booleanByteType: Type = { kind: 'boolean', isByte: true };

/** The result that is a JavaScript value. */
export function known(value: unknown): Known {
  return { kind: 'known', value };
}

/** The result of a function that returns nothing. */
export const nothing: Known = known(undefined);

/** The result that is a value of the program. */
export function computed(value: Value, type: Type, max?: bigint): Computed {
  return max === undefined
    ? { kind: 'computed', value, type, offset: 0 }
    : { kind: 'computed', value, type, offset: 0, max };
}

/** The result that is a pointer; not null unless said. */
export function pointer(
  value: Value,
  to: Pointee,
  space: Space,
  options: { readonly offset?: number; readonly isNullable?: boolean } = {},
): ComputedPointer {
  const type: PointerType = { kind: 'pointer', to, space, isNullable: options.isNullable ?? false };
  return { kind: 'computed', value, type, offset: options.offset ?? 0 };
}

/** The result that is a struct of the kernel; not null unless said. */
export function kernelView(value: Value, struct: KernelStruct, isNullable = false): Computed {
  return computed(value, { kind: 'kernelStruct', struct, isNullable });
}

/** Whether a value of the type may be null, or is tested for it as if it might. */
export function canBeNull(type: Type): type is Extract<Type, { readonly isNullable: boolean }> {
  return type.kind === 'pointer' || type.kind === 'innerMap' || type.kind === 'kernelStruct';
}

/** Whether the result is a struct, an array or a cell in memory. */
export function isPointer(result: Result): result is ComputedPointer {
  return result.kind === 'computed' && result.type.kind === 'pointer';
}

/** The width of the SSA value that holds the type. */
export function widthOf(type: Type): Width {
  if (type.kind === 'integer') return type.bits === 64 ? 64 : 32;
  return type.kind === 'boolean' ? 32 : 64;
}

/** The type of a field's values. */
export function integerTypeOf(field: AnyInteger): Type {
  if (field.type === 'bool') return booleanType;
  const bits = (field.size * 8) as IntegerType['bits'];
  return { kind: 'integer', bits, isSigned: field.isSigned };
}

/** Whether the live value is a struct class. */
export function isStruct(value: unknown): value is Struct {
  return typeof value === 'function' && (value as { kind?: unknown }).kind === 'struct';
}

/** Whether the live value is an integer field, such as `u8`. */
export function isIntegerField(value: unknown): value is AnyInteger {
  return typeof value === 'function' && (value as { kind?: unknown }).kind === 'integer';
}

/** The layout of a map's value that is a plain integer. */
export function cellOf(field: AnyInteger): CellLayout {
  return { kind: 'cell', field, size: field.size };
}

/** As messages name it. */
export function nameOf(pointee: Pointee | Field): string {
  if (pointee.kind === 'struct') return (pointee as unknown as { name: string }).name || 'a struct';
  if (pointee.kind === 'array') return `an array of ${pointee.count}`;
  return pointee.kind === 'cell' ? `Cell<${pointee.field.type}>` : pointee.type;
}

/** As messages name it. */
export function describeResult(result: Result): string {
  if (result.kind === 'group') return 'an object';
  if (result.kind === 'known') return describeKnown(result.value);
  return describeType(result.type);
}

/** As messages name it. */
export function describeType(type: Type): string {
  if (type.kind === 'integer') return `${type.isSigned ? 's' : 'u'}${type.bits}`;
  if (type.kind === 'boolean') return 'boolean';
  if (type.kind === 'pointer') return nameOf(type.to) + (type.isNullable ? ' | null' : '');
  if (type.kind === 'kernelStruct') {
    return `struct ${type.struct.name} of the kernel${type.isNullable ? ' | null' : ''}`;
  }
  return type.kind === 'context' ? type.name : 'a map';
}

function describeKnown(value: unknown): string {
  if (value === null) return 'null';
  if (isStruct(value)) return `struct ${nameOf(value)}`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'Object'})`;
  return typeof value === 'function' ? 'a function' : String(value);
}
