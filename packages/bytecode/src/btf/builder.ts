/** Builds BTF. The same calls in the same order give the same bytes; equal types are one type. */
import { BOOLEAN, BTF_HEADER_BYTES, BTF_MAGIC, BTF_VERSION, BtfKind, SIGNED } from './kinds.ts';

/** The number of a type; 0 is void. */
export type BtfId = number;

/** A field of a struct, at a number of bits from its start. */
export interface MemberInit {
  readonly name: string;
  readonly type: BtfId;
  readonly offsetBits: number;
}

/** A parameter of a function. */
export interface ParameterInit {
  readonly name: string;
  readonly type: BtfId;
}

/** @source enum btf_func_linkage, include/uapi/linux/btf.h */
const GLOBAL = 1;
const PARTS_MAX = 0xffff;
const FLAG_SIGNED = 1 << 31;

/** Types are added one by one; a method returns the id of the type that it made or found. */
export class BtfBuilder {
  private readonly encoder = new TextEncoder();
  private readonly strings: number[] = [0];
  private readonly stringOffsets = new Map<string, number>([['', 0]]);
  private readonly words: number[] = [];
  private readonly known = new Map<string, BtfId>();

  /** `size` in bytes; `encoding` of `SIGNED` and `BOOLEAN`. */
  integer(name: string, size: number, encoding = 0): BtfId {
    return this.add(name, BtfKind.Integer, size, [(encoding << 24) | (size * 8)]);
  }

  signedInteger(name: string, size: number): BtfId {
    return this.integer(name, size, SIGNED);
  }

  boolean(name: string): BtfId {
    return this.integer(name, 1, BOOLEAN);
  }

  pointer(to: BtfId): BtfId {
    return this.add('', BtfKind.Pointer, to);
  }

  array(element: BtfId, count: number): BtfId {
    const index = this.integer('u32', 4);
    return this.add('', BtfKind.Array, 0, [element, index, count]);
  }

  /** `size` in bytes. */
  struct(name: string, size: number, members: readonly MemberInit[]): BtfId {
    const parts = members.map((each) => [this.text(each.name), each.type, each.offsetBits]);
    return this.add(name, BtfKind.Struct, size, parts.flat(), members.length);
  }

  /** As `struct`, of members that all begin at 0. */
  union(name: string, size: number, members: readonly MemberInit[]): BtfId {
    const parts = members.map((each) => [this.text(each.name), each.type, each.offsetBits]);
    return this.add(name, BtfKind.Union, size, parts.flat(), members.length);
  }

  /** `size` in bytes; values of 32 bits, signed when any is negative. */
  enum(name: string, size: number, values: readonly (readonly [string, number])[]): BtfId {
    const parts = values.map(([each, value]) => [this.text(each), value]);
    const flag = values.some(([, value]) => value < 0) ? FLAG_SIGNED : 0;
    return this.add(name, BtfKind.Enum, size, parts.flat(), values.length, flag);
  }

  typedef(name: string, type: BtfId): BtfId {
    return this.add(name, BtfKind.Typedef, type);
  }

  functionPrototype(returns: BtfId, parameters: readonly ParameterInit[]): BtfId {
    const parts = parameters.map((each) => [this.text(each.name), each.type]);
    return this.add('', BtfKind.FunctionPrototype, returns, parts.flat(), parameters.length);
  }

  /** A static function: the verifier follows each call of it. */
  function(name: string, prototype: BtfId): BtfId {
    return this.add(name, BtfKind.Function, prototype);
  }

  /** A global function: the verifier checks it once, for all arguments of its types. */
  globalFunction(name: string, prototype: BtfId): BtfId {
    return this.add(name, BtfKind.Function, prototype, [], GLOBAL);
  }

  /** The offset of a string. @throws RangeError when a NUL is in it */
  text(text: string): number {
    let offset = this.stringOffsets.get(text);
    if (offset === undefined) {
      if (text.includes('\0')) throw new RangeError('build BTF: string with a NUL inside');
      offset = this.strings.length;
      this.stringOffsets.set(text, offset);
      for (const byte of this.encoder.encode(text)) this.strings.push(byte);
      this.strings.push(0);
    }
    return offset;
  }

  /** The whole: header, types, strings. Little-endian. */
  build(): Uint8Array {
    const typeBytes = this.words.length * 4;
    const bytes = new Uint8Array(BTF_HEADER_BYTES + typeBytes + this.strings.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, BTF_MAGIC, true);
    view.setUint8(2, BTF_VERSION);
    const header = [BTF_HEADER_BYTES, 0, typeBytes, typeBytes, this.strings.length];
    [...header, ...this.words].forEach((word, index) => {
      view.setUint32(4 + index * 4, word, true);
    });
    bytes.set(this.strings, BTF_HEADER_BYTES + typeBytes);
    return bytes;
  }

  private add(
    name: string,
    kind: BtfKind,
    sizeOrType: number,
    rest: readonly number[] = [],
    parts = 0,
    flag = 0,
  ): BtfId {
    if (parts > PARTS_MAX) {
      throw new RangeError(`build BTF: ${name}: ${parts} parts, expected at most ${PARTS_MAX}`);
    }
    const words = [this.text(name), (flag | (kind << 24) | parts) >>> 0, sizeOrType, ...rest];
    const key = words.join();
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.words.push(...words);
    const id = this.known.size + 1;
    this.known.set(key, id);
    return id;
  }
}
