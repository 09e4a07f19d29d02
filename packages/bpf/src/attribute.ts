/** `union bpf_attr` as bytes: little-endian fields at the offsets that `@skep/sys` names. */
import { addressOf, checkU32, type Memory } from '@skep/sys';

/**
 * By the bytes of an attribute, what they point to: the door keeps the bytes for as long as the
 * call takes, and this keeps the rest for as long as the bytes.
 */
const memoryOf = new WeakMap<Uint8Array, Map<number, Memory>>();

/**
 * One attribute. It is meant to be kept and used again: making a new one for each call costs more
 * than the call. It keeps alive the memory whose addresses it holds.
 */
export class Attribute {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
    memoryOf.set(this.bytes, new Map());
  }

  /** @throws RangeError when the value does not fit 32 unsigned bits */
  setU32(offset: number, value: number): this {
    this.#view.setUint32(offset, checkU32(value, 'bpf attribute'), true);
    return this;
  }

  setU64(offset: number, value: bigint): this {
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  getU32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  getU64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  /** Puts the address of memory there, and keeps the memory; `null` is address 0. */
  setPointer(offset: number, memory: Memory | null): this {
    if (memory === null) memoryOf.get(this.bytes)?.delete(offset);
    else memoryOf.get(this.bytes)?.set(offset, memory);
    return this.setU64(offset, memory === null ? 0n : addressOf(memory));
  }

  /** Puts a name of at most 15 characters there, zeros behind it. @throws TypeError */
  setName(offset: number, name: string): this {
    if (!/^[\w.]{0,15}$/.test(name)) {
      throw new TypeError(`bpf name '${name}': expected at most 15 of A-Z a-z 0-9 _ .`);
    }
    this.bytes.fill(0, offset, offset + 16);
    this.bytes.set(Buffer.from(name, 'latin1'), offset);
    return this;
  }
}

/** The text of a fixed field of characters, up to its first zero. */
export function readName(bytes: Uint8Array, offset: number, length = 16): string {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('latin1');
}
