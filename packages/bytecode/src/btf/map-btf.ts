/** The BTF of a map's key and value, so that tools such as bpftool show their fields by name. */
import type { Field, MapDeclaration, StructLayout } from '@skep/ebpf';
import type { MapShape } from '../object.ts';
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

interface Names {
  readonly name: string;
  readonly kernelName?: string;
}

const kernelTypeBytes: Readonly<Record<string, readonly ['val' | '__opaque', number, number]>> = {
  bpf_spin_lock: ['val', 4, 1],
  bpf_timer: ['__opaque', 8, 2],
};

/**
 * The BTF of a map's value as far as the kernel demands it: its own types, at their places.
 *
 * @throws TypeError for a type that is not known here
 */
export function kernelFieldsBtf({ keySize, valueSize, kernelFields = [] }: MapShape): MapBtf {
  const builder = new BtfBuilder();
  // An array wants an integer for its key; other maps take any bytes.
  const isInteger = keySize === 4 || keySize === 8;
  const keyType = isInteger
    ? builder.integer(`u${keySize * 8}`, keySize)
    : builder.array(builder.integer('u8', 1), keySize);
  const members = kernelFields.map(({ type, offset }, index) => {
    const known = kernelTypeBytes[type];
    if (!known) throw new TypeError(`map field ${type}: expected bpf_spin_lock or bpf_timer`);
    const [member, size, count] = known;
    const word = builder.integer(size === 8 ? 'u64' : 'u32', size);
    const memberType = count === 1 ? word : builder.array(word, count);
    const inner = [{ name: member, type: memberType, offsetBits: 0 }];
    const struct = builder.struct(type, size * count, inner);
    return { name: `field${index}`, type: struct, offsetBits: offset * 8 };
  });
  const valueType = builder.struct('value', valueSize, members);
  return { btf: builder.build(), keyType, valueType };
}

function structType(builder: BtfBuilder, layout: StructLayout): BtfId {
  const members = layout.fields.map(({ name, offset, field }) => ({
    name,
    type: typeOf(builder, field),
    offsetBits: offset * 8,
  }));
  const { name: own, kernelName } = layout as unknown as Names;
  const name = kernelName ?? own;
  return layout.isUnion
    ? builder.union(name, layout.size, members)
    : builder.struct(name, layout.size, members);
}
