/** Reads BTF, such as the kernel's own in /sys/kernel/btf/vmlinux, trusting no byte of it. */
import { BTF_HEADER_BYTES, BTF_MAGIC, BTF_VERSION, BtfKind, kindExtents, SIGNED } from './kinds.ts';
import type { BtfId } from './builder.ts';

/** Where bytes are no BTF. */
export class BtfError extends Error {
  readonly code = 'BTF';
  constructor(detail: string) {
    super(`read BTF: ${detail}`);
    this.name = 'BtfError';
  }
}

/** What all types have. */
export interface BtfType {
  readonly id: BtfId;
  readonly kind: BtfKind;
  /** Empty for types without one. */
  readonly name: string;
  /** Bytes, of kinds that have a size; 0 for the others. */
  readonly size: number;
  /** The type that it refers to or returns; 0 (void) for kinds that refer to none. */
  readonly type: BtfId;
}

/** A field of a struct or union. */
export interface BtfMember {
  readonly name: string;
  readonly type: BtfId;
  readonly offsetBits: number;
  /** Of a bit field; 0 for others. */
  readonly widthBits: number;
}

const TYPE_BYTES = 12;
const DEPTH_MAX = 32;
const sizedKinds: ReadonlySet<BtfKind> = new Set([
  BtfKind.Integer,
  BtfKind.Struct,
  BtfKind.Union,
  BtfKind.Enum,
  BtfKind.DataSection,
  BtfKind.Float,
  BtfKind.Enum64,
]);
const transparentKinds: ReadonlySet<BtfKind> = new Set([
  BtfKind.Typedef,
  BtfKind.Volatile,
  BtfKind.Const,
  BtfKind.Restrict,
  BtfKind.TypeTag,
]);

/** What a function takes and returns. */
export interface BtfPrototype {
  readonly parameters: readonly { readonly name: string; readonly type: BtfId }[];
  /** 0 where it returns nothing. */
  readonly result: BtfId;
}

/** The types of one blob, found once and then read on demand. */
export class Btf {
  private readonly view: DataView;
  private readonly strings: Uint8Array;
  /** Where each type begins, by id; id 0 has none. */
  private readonly starts: Uint32Array;

  /** One pass over all types. @throws BtfError where a section or a type leaves its bounds */
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [types, strings] = this.readHeader();
    this.strings = bytes.subarray(strings.begin, strings.end);
    if (this.strings[0] !== 0 || this.strings.at(-1) !== 0) {
      throw new BtfError('strings neither begin nor end with NUL');
    }
    this.starts = this.findTypes(types.begin, types.end);
  }

  /** Types, void included: ids are below it. */
  get typeCount(): number {
    return this.starts.length;
  }

  /** @throws BtfError for an id that there is not */
  type(id: BtfId): BtfType {
    const start = this.startOf(id);
    const kind = this.kindAt(start);
    const word = this.view.getUint32(start + 8, true);
    const isSized = sizedKinds.has(kind);
    const name = this.text(this.view.getUint32(start, true));
    const hasType = !isSized && kind !== BtfKind.Array && kind !== BtfKind.Forward;
    return { id, kind, name, size: isSized ? word : 0, type: hasType ? this.checked(word) : 0 };
  }

  /** The first type of a kind with a name. Names are compared as bytes, without decoding any. */
  find(name: string, kind: BtfKind): BtfId | undefined {
    const wanted = new TextEncoder().encode(`${name}\0`);
    for (let id = 1; id < this.starts.length; id++) {
      const start = this.starts[id]!;
      if (this.kindAt(start) !== kind) continue;
      if (this.hasText(this.view.getUint32(start, true), wanted)) return id;
    }
    return undefined;
  }

  /** Members of a struct or union, in order. @throws BtfError for other kinds */
  members(id: BtfId): BtfMember[] {
    const start = this.startOf(id);
    const kind = this.kindAt(start);
    if (kind !== BtfKind.Struct && kind !== BtfKind.Union) {
      throw new BtfError(`type ${id} is of kind ${BtfKind[kind]}, expected Struct or Union`);
    }
    const info = this.view.getUint32(start + 4, true);
    const hasBitFields = info >>> 31 === 1;
    return Array.from({ length: info & 0xffff }, (_, index) => {
      const at = start + TYPE_BYTES + index * 12;
      const place = this.view.getUint32(at + 8, true);
      return {
        name: this.text(this.view.getUint32(at, true)),
        type: this.checked(this.view.getUint32(at + 4, true)),
        offsetBits: hasBitFields ? place & 0xffffff : place,
        widthBits: hasBitFields ? place >>> 24 : 0,
      };
    });
  }

  /** What a function takes and returns. @throws BtfError for other kinds */
  prototype(id: BtfId): BtfPrototype {
    const { kind, type } = this.type(id);
    if (kind === BtfKind.Function) return this.prototype(type);
    if (kind !== BtfKind.FunctionPrototype) {
      throw new BtfError(`type ${id} is of kind ${BtfKind[kind]}, expected Function`);
    }
    const start = this.startOf(id);
    const count = this.view.getUint32(start + 4, true) & 0xffff;
    const parameters = Array.from({ length: count }, (_, index) => {
      const at = start + TYPE_BYTES + index * 8;
      const parameter = this.checked(this.view.getUint32(at + 4, true));
      return { name: this.text(this.view.getUint32(at, true)), type: parameter };
    });
    return { parameters, result: type };
  }

  /**
   * The member at a path such as `skb_iif` or `tstamp.nsec`; those of nameless structs and unions
   * are found as C finds them. The offset counts from the start of the type.
   *
   * @returns `undefined` when there is no such member
   * @throws BtfError when the types nest without end
   */
  member(id: BtfId, path: string): BtfMember | undefined {
    let type = id;
    let offsetBits = 0;
    let found: BtfMember | undefined;
    for (const name of path.split('.')) {
      found = this.memberOf(this.plain(type), name, 0);
      if (!found) return undefined;
      offsetBits += found.offsetBits;
      type = found.type;
    }
    return found && { ...found, offsetBits };
  }

  /** The type behind typedefs and qualifiers. @throws BtfError when they go in a circle */
  plain(id: BtfId): BtfId {
    let type = id;
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      if (type === 0) return 0;
      const { kind, type: next } = this.type(type);
      if (!transparentKinds.has(kind)) return type;
      type = next;
    }
    throw new BtfError(`type ${id}: more than ${DEPTH_MAX} typedefs and qualifiers`);
  }

  /** Bytes of a value of the type; `undefined` where it has no size. @throws BtfError */
  sizeOf(id: BtfId): number | undefined {
    let type = this.plain(id);
    let count = 1;
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      if (type === 0) return undefined;
      const { kind, size } = this.type(type);
      if (kind === BtfKind.Pointer) return count * 8;
      if (kind !== BtfKind.Array) return sizedKinds.has(kind) ? count * size : undefined;
      const start = this.startOf(type);
      count *= this.view.getUint32(start + TYPE_BYTES + 8, true);
      type = this.plain(this.view.getUint32(start + TYPE_BYTES, true));
    }
    throw new BtfError(`type ${id}: more than ${DEPTH_MAX} arrays in arrays`);
  }

  /** True for integers that are signed. */
  isSigned(id: BtfId): boolean {
    const start = this.startOf(this.plain(id));
    if (this.kindAt(start) !== BtfKind.Integer) return false;
    return ((this.view.getUint32(start + TYPE_BYTES, true) >>> 24) & SIGNED) !== 0;
  }

  private memberOf(id: BtfId, name: string, depth: number): BtfMember | undefined {
    if (depth > DEPTH_MAX) throw new BtfError(`type ${id}: nested more than ${DEPTH_MAX} deep`);
    const kind = id === 0 ? 0 : this.kindAt(this.startOf(id));
    if (kind !== BtfKind.Struct && kind !== BtfKind.Union) return undefined;
    for (const member of this.members(id)) {
      if (member.name === name) return member;
      if (member.name !== '') continue;
      const inner = this.memberOf(this.plain(member.type), name, depth + 1);
      if (inner) return { ...inner, offsetBits: member.offsetBits + inner.offsetBits };
    }
    return undefined;
  }

  private readHeader(): { begin: number; end: number }[] {
    const { view } = this;
    const total = view.byteLength;
    if (total < BTF_HEADER_BYTES) throw new BtfError(`${total} bytes, shorter than the header`);
    const magic = view.getUint16(0, true);
    if (magic !== BTF_MAGIC) {
      throw new BtfError(`magic 0x${magic.toString(16)}, expected 0xeb9f (big-endian is not read)`);
    }
    const version = view.getUint8(2);
    if (version !== BTF_VERSION) throw new BtfError(`version ${version}, expected 1`);
    const header = view.getUint32(4, true);
    if (header < BTF_HEADER_BYTES) throw new BtfError(`header of ${header} bytes, expected 24`);
    return ['types', 'strings'].map((section, index) => {
      const begin = header + view.getUint32(8 + index * 8, true);
      const end = begin + view.getUint32(12 + index * 8, true);
      if (end > total) throw new BtfError(`${section} end at byte ${end} of ${total}`);
      return { begin, end };
    });
  }

  private findTypes(begin: number, end: number): Uint32Array {
    const starts: number[] = [0];
    let at = begin;
    while (at < end) {
      if (at + TYPE_BYTES > end) throw new BtfError(`type ${starts.length} is cut off`);
      const info = this.view.getUint32(at + 4, true);
      const extent = kindExtents[((info >>> 24) & 0x1f) as BtfKind];
      if (!extent) throw new BtfError(`type ${starts.length}: kind ${(info >>> 24) & 0x1f}`);
      starts.push(at);
      at += TYPE_BYTES + extent[0] + extent[1] * (info & 0xffff);
      if (at > end) throw new BtfError(`type ${starts.length - 1} is cut off`);
    }
    return Uint32Array.from(starts);
  }

  private startOf(id: BtfId): number {
    if (id <= 0) throw new BtfError(`type ${id}, expected 1 to ${this.starts.length - 1}`);
    return this.starts[this.checked(id)]!;
  }

  private checked(id: BtfId): BtfId {
    if (id < this.starts.length) return id;
    throw new BtfError(`type ${id}, expected at most ${this.starts.length - 1}`);
  }

  private kindAt(start: number): BtfKind {
    return (this.view.getUint32(start + 4, true) >>> 24) & 0x1f;
  }

  private hasText(offset: number, wanted: Uint8Array): boolean {
    for (let index = 0; index < wanted.length; index++) {
      if (this.strings[offset + index] !== wanted[index]) return false;
    }
    return true;
  }

  private text(offset: number): string {
    if (offset >= this.strings.length) {
      throw new BtfError(`string at ${offset} of ${this.strings.length}`);
    }
    const end = this.strings.indexOf(0, offset);
    return new TextDecoder().decode(this.strings.subarray(offset, end));
  }
}
