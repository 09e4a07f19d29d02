/**
 * BTF: the types of programs and kernel, and the names and lines of code.
 *
 *     +-------------------+----------------+-------------------+
 *     | header, 24 bytes  | types, from 1  | strings, NUL ends |  type 0 is void, string 0 empty
 *     +-------------------+----------------+-------------------+
 *
 *     one type: name (string offset) | info | size, or type   then what its kind adds
 *     info:     1 bit flag | 2 unused | 5 bits kind | 8 unused | 16 bits count of parts
 *
 * @source Documentation/bpf/btf.rst, include/uapi/linux/btf.h
 */

/** The first two bytes, little-endian. */
export const BTF_MAGIC = 0xeb9f;
/** The only version there is. */
export const BTF_VERSION = 1;
/** Bytes of the header; a longer one is read past. */
export const BTF_HEADER_BYTES = 24;

/** What a type is. @alias BTF_KIND_* */
export enum BtfKind {
  Integer = 1,
  Pointer = 2,
  Array = 3,
  Struct = 4,
  Union = 5,
  Enum = 6,
  Forward = 7,
  Typedef = 8,
  Volatile = 9,
  Const = 10,
  Restrict = 11,
  Function = 12,
  FunctionPrototype = 13,
  Variable = 14,
  DataSection = 15,
  Float = 16,
  DeclarationTag = 17,
  TypeTag = 18,
  Enum64 = 19,
}

/** Bytes that follow the first 12 of a type: fixed, and for each of its parts. */
export const kindExtents: Readonly<Record<BtfKind, readonly [fixed: number, part: number]>> = {
  [BtfKind.Integer]: [4, 0],
  [BtfKind.Pointer]: [0, 0],
  [BtfKind.Array]: [12, 0],
  [BtfKind.Struct]: [0, 12],
  [BtfKind.Union]: [0, 12],
  [BtfKind.Enum]: [0, 8],
  [BtfKind.Forward]: [0, 0],
  [BtfKind.Typedef]: [0, 0],
  [BtfKind.Volatile]: [0, 0],
  [BtfKind.Const]: [0, 0],
  [BtfKind.Restrict]: [0, 0],
  [BtfKind.Function]: [0, 0],
  [BtfKind.FunctionPrototype]: [0, 8],
  [BtfKind.Variable]: [4, 0],
  [BtfKind.DataSection]: [0, 12],
  [BtfKind.Float]: [0, 0],
  [BtfKind.DeclarationTag]: [4, 0],
  [BtfKind.TypeTag]: [0, 0],
  [BtfKind.Enum64]: [0, 12],
};

/** Bits of an integer's encoding. */
export const SIGNED = 1;
/** The integer is true or false. */
export const BOOLEAN = 4;
