/** Fields of keys and values as JSON, so that a build can read what one before it has left. */
import { array, be16, be32, be64, bool, s32, s64, Struct, u8, u16, u32, u64 } from '@skep/ebpf';
import type { AnyInteger, Field, StructLayout } from '@skep/ebpf';

/** An integer's name, a struct's fields in their order, or elements behind each other. */
export type FieldText =
  | string
  | { readonly struct: Readonly<Record<string, FieldText>>; readonly isPacked?: true }
  | { readonly array: FieldText; readonly count: number };

const integers: Readonly<Record<string, AnyInteger>> = {
  ...{ u8, u16, u32, u64, s32, s64, bool },
  ...{ be16, be32, be64 },
};

/** What a field is, without what only the compiler wants to know, such as its enum. */
export function textOf(field: Field): FieldText {
  if (field.kind === 'integer') {
    return field.isBigEndian ? field.type.replace('u', 'be') : field.type;
  }
  if (field.kind === 'array') return { array: textOf(field.element), count: field.count };
  if (field.isUnion) throw new TypeError('layout of a union: expected a struct, which says more');
  const struct = Object.fromEntries(field.fields.map(({ name, field: of }) => [name, textOf(of)]));
  return isPacked(field) ? { struct, isPacked: true } : { struct };
}

/** The field of a text: with `codecOf` it reads the bytes of an earlier build. @throws TypeError */
export function fieldOf(text: FieldText): Field {
  if (typeof text === 'string') {
    const integer = integers[text];
    if (!integer) throw new TypeError(`field type ${text}: expected u8 to u64, be16 to be64, …`);
    return integer;
  }
  if ('array' in text) return array(fieldOf(text.array), text.count);
  const fields = Object.entries(text.struct).map(([name, of]) => [name, fieldOf(of)]);
  return Struct(Object.fromEntries(fields), { packed: text.isPacked ?? false });
}

/** Whether an entry with these fields can be written to those by their names, in whatever order. */
export function haveSameFields(left: FieldText | null, right: FieldText | null): boolean {
  if (left === null || right === null) return left === right;
  if (typeof left === 'string' || typeof right === 'string') return left === right;
  if ('array' in left || 'array' in right) {
    if (!('array' in left && 'array' in right) || left.count !== right.count) return false;
    return haveSameFields(left.array, right.array);
  }
  const names = Object.keys(left.struct);
  if (names.length !== Object.keys(right.struct).length) return false;
  return names.every((name) => {
    const other = right.struct[name];
    return other !== undefined && haveSameFields(left.struct[name]!, other);
  });
}

function isPacked({ fields, align }: StructLayout): boolean {
  const hasWide = fields.some(({ field }) => field.kind === 'integer' && field.size > 1);
  return align === 1 && hasWide;
}
