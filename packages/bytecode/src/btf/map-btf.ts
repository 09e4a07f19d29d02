/** The BTF of a map's key and value, so that tools such as bpftool show their fields by name. */
import type { Field, MapDeclaration, StructLayout } from '@skep/ebpf';
import { BtfBuilder, type BtfId } from './builder.ts';

/** What BPF_MAP_CREATE wants beside the shape; an id is 0 where the map has no such part. */
export interface MapBtf {
  readonly btf: Uint8Array;
  readonly keyType: BtfId;
  readonly valueType: BtfId;
}

/** Deterministic: equal declarations give equal bytes. */
export function mapBtf(declaration: MapDeclaration): MapBtf {
  const builder = new BtfBuilder();
  const keyType = typeOf(builder, declaration.key as Field | null);
  const valueType = typeOf(builder, declaration.value as Field | null);
  return { btf: builder.build(), keyType, valueType };
}

function typeOf(builder: BtfBuilder, field: Field | null): BtfId {
  if (field === null) return 0;
  if (field.kind === 'array') return builder.array(typeOf(builder, field.element), field.count);
  if (field.kind === 'struct') return structType(builder, field);
  if (field.type === 'bool') return builder.boolean('bool');
  const integer = field.isSigned
    ? builder.signedInteger(field.type, field.size)
    : builder.integer(field.type, field.size);
  return field.isBigEndian ? builder.typedef(`be${field.size * 8}`, integer) : integer;
}

function structType(builder: BtfBuilder, layout: StructLayout): BtfId {
  const members = layout.fields.map(({ name, offset, field }) => ({
    name,
    type: typeOf(builder, field),
    offsetBits: offset * 8,
  }));
  const { name } = layout as unknown as { readonly name: string };
  return builder.struct(name, layout.size, members);
}
