/** Unions: several readings of the same bytes. */
import type { Field, FieldLayout, InitOf, StructLayout, ValueOf } from './struct.ts';
import { alignmentOf, requireField } from './struct.ts';

/** The brand's key; it exists only in types. */
export declare const overlaps: unique symbol;

/** The class that `Union` makes of fields F: all of them lie at its start. */
export interface UnionClass<F> extends StructLayout {
  new (
    init?: { [K in keyof F]?: InitOf<F[K]> },
  ): { [K in keyof F]: ValueOf<F[K]> } & { readonly [overlaps]: true };
}

/**
 * Fields that share their bytes, as in C. It is made from one of its members, the bytes beyond that
 * being zero; reading another member reads the same bytes as that.
 *
 * @example class Address extends Union({ ipv4: be32, ipv6: bytes(16) }) {}
 */
export function Union<F extends Record<string, Field>>(fields: F): UnionClass<F> {
  const placed = Object.entries(fields).map(([name, field]): FieldLayout => {
    requireField(name, field);
    return { name, offset: 0, field };
  });
  const align = Math.max(1, ...placed.map((each) => alignmentOf(each.field)));
  const largest = Math.max(0, ...placed.map((each) => each.field.size));
  class Value {
    static readonly kind = 'struct';
    static readonly isUnion = true;
    static readonly fields = placed;
    static readonly size = Math.ceil(largest / align) * align;
    static readonly align = align;
    constructor(init: object = {}) {
      Object.assign(this, init);
    }
  }
  return Value as unknown as UnionClass<F>;
}
