/**
 * Structs and arrays: one class is the type, the memory layout and the codec of a value, shared by
 * the kernel program and by the code that reads its maps.
 */
import type { IntegerField } from './integers.ts';
import { u8 } from './integers.ts';

/** `count` elements behind each other. */
export interface ArrayField<E extends Field = Field> {
  readonly kind: 'array';
  readonly element: E;
  readonly count: number;
  readonly size: number;
}

/** One field of a struct; `offset` in bytes from its start. */
export interface FieldLayout {
  readonly name: string;
  readonly offset: number;
  readonly field: Field;
}

/** How a struct lies in memory. Sizes in bytes. */
export interface StructLayout {
  readonly kind: 'struct';
  readonly fields: readonly FieldLayout[];
  readonly size: number;
  readonly align: number;
  /** All fields begin at 0: see `Union`. */
  readonly isUnion?: boolean;
}

/** A struct class whose instances are T. */
// biome-ignore lint/suspicious/noExplicitAny: the constructor's parameter differs per struct
export type StructOf<T> = (new (...init: any[]) => T) & StructLayout;
/** An integer field of any value type. */
// biome-ignore lint/suspicious/noExplicitAny: a field of any value type
export type AnyInteger = IntegerField<any>;
/** What a struct can hold. */
export type Field = AnyInteger | ArrayField | StructOf<object>;

/** What a kernel program sees when it reads the field. */
export type ValueOf<F> = F extends StructLayout & (new (...init: never[]) => infer I)
  ? I
  : F extends IntegerField<infer T>
    ? T
    : F extends ArrayField<infer E>
      ? ValueOf<E>[]
      : never;

/** What a field can be made from: of a struct any of its members, the others being zero. */
export type InitOf<F> = F extends StructLayout ? Partial<ValueOf<F>> : ValueOf<F>;

/** The class that `Struct` makes of fields F: layout, constructor and instance type. */
export interface StructClass<F> extends StructLayout {
  new (init?: { [K in keyof F]?: InitOf<F[K]> }): { [K in keyof F]: ValueOf<F[K]> };
}

/** `count` elements of one field, at constant or bounds-checked indexes. */
export function array<E extends Field>(element: E, count: number): ArrayField<E> {
  requireField('of array', element);
  return { kind: 'array', element, count, size: element.size * count };
}

/**
 * A struct as C lays it out: fields in order, each at a multiple of its own alignment.
 *
 * @example class Ports extends Struct({ source: be16, destination: be16 }) {}
 */
export function Struct<F extends Record<string, Field>>(
  fields: F,
  options: { readonly packed?: boolean } = {},
): StructClass<F> {
  const layout = layOut(fields, options.packed ?? false);
  class Value {
    static readonly kind = 'struct';
    static readonly fields = layout.fields;
    static readonly size = layout.size;
    static readonly align = layout.align;
    constructor(init: object = {}) {
      Object.assign(this, init);
    }
  }
  return Value as unknown as StructClass<F>;
}

function layOut(fields: Record<string, Field>, packed: boolean): Omit<StructLayout, 'kind'> {
  const placed: FieldLayout[] = [];
  let offset = 0;
  let align = 1;
  for (const [name, field] of Object.entries(fields)) {
    requireField(name, field);
    const step = packed ? 1 : alignmentOf(field);
    align = Math.max(align, step);
    offset = roundUp(offset, step);
    placed.push({ name, offset, field });
    offset += field.size;
  }
  return { fields: placed, size: roundUp(offset, align), align };
}

/** @throws TypeError for what lies in no memory, such as `String` */
export function requireField(name: string, field: unknown): void {
  const kinds: unknown[] = ['integer', 'array', 'struct'];
  if (kinds.includes((field as Partial<Field> | null | undefined)?.kind)) return;
  const found = typeof field === 'function' ? field.name : String(field);
  throw new TypeError(
    `field ${name}: found ${found}, expected an integer (u8, u32, be16 ...), an array (array, ` +
      'bytes) or a struct class',
  );
}

/** The multiple of bytes at which C places such a field. */
export function alignmentOf(field: Field): number {
  if (field.kind === 'integer') return field.size;
  return field.kind === 'array' ? alignmentOf(field.element) : field.align;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** `count` plain bytes, such as a MAC address; copied and compared as a whole. */
export function bytes(count: number): ArrayField<typeof u8> {
  return array(u8, count);
}
