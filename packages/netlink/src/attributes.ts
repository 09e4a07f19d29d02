/**
 * Netlink attributes: a list of (length, type, value), each starting at a multiple of 4 bytes.
 *
 * ```text
 *  0        2        4                      length      aligned
 *  | length |  type  |        value         |  padding  |
 * ```
 *
 * Length counts the 4 bytes of the header and the value, not the padding. Numbers are in the byte
 * order of the machine, unless the attribute's own documentation says otherwise.
 *
 * @source struct nlattr, include/uapi/linux/netlink.h
 */
import { NLA } from './abi.ts';
import { MalformedMessageError } from './netlink-error.ts';

const HEADER_LENGTH = 4;
const VALUE_LENGTH_MAX = 0xffff - HEADER_LENGTH;

/** True where the machine stores the low byte first: what `DataView` needs to be told. */
export const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The next multiple of 4: messages and attributes start at one. */
export function align4(length: number): number {
  return (length + 3) & ~3;
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Appends attributes to a growing buffer. Methods return the writer, so that calls chain. */
export class AttributeWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** What was written so far, padding included; a view that the next write may replace. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(type: number, value: number): this {
    this.#append(type, 1).setUint8(HEADER_LENGTH, value);
    return this;
  }

  u16(type: number, value: number): this {
    this.#append(type, 2).setUint16(HEADER_LENGTH, value, LITTLE_ENDIAN);
    return this;
  }

  /** A 16-bit number in network byte order, which ports have. */
  be16(type: number, value: number): this {
    this.#append(type, 2).setUint16(HEADER_LENGTH, value, false);
    return this;
  }

  u32(type: number, value: number): this {
    this.#append(type, 4).setUint32(HEADER_LENGTH, value, LITTLE_ENDIAN);
    return this;
  }

  blob(type: number, value: Uint8Array): this {
    const start = this.#length;
    this.#append(type, value.length);
    this.#bytes.set(value, start + HEADER_LENGTH);
    return this;
  }

  /** UTF-8 text with the closing zero byte that the kernel wants. */
  text(type: number, value: string): this {
    if (value.includes('\0'))
      throw new RangeError(`netlink text ${JSON.stringify(value)}: has NUL`);
    return this.blob(type, new TextEncoder().encode(`${value}\0`));
  }

  /** An attribute whose value is the attributes that `write` appends. */
  nest(type: number, write: (inner: AttributeWriter) => void): this {
    const inner = new AttributeWriter();
    write(inner);
    return this.blob(type | NLA.F_NESTED, inner.bytes);
  }

  /** As {@link nest}, for a value that starts with a fixed structure before its attributes. */
  nestAfter(type: number, header: Uint8Array, write: (inner: AttributeWriter) => void): this {
    const inner = new AttributeWriter();
    write(inner);
    const value = new Uint8Array(align4(header.length) + inner.bytes.length);
    value.set(header);
    value.set(inner.bytes, align4(header.length));
    return this.blob(type | NLA.F_NESTED, value);
  }

  /** Reserves header, value and padding (zeroed); answers a view that starts at the header. */
  #append(type: number, valueLength: number): DataView {
    if (valueLength > VALUE_LENGTH_MAX) {
      throw new RangeError(
        `netlink attribute ${type}: ${valueLength} bytes, expected at most ${VALUE_LENGTH_MAX}`,
      );
    }
    const start = this.#length;
    this.#length += HEADER_LENGTH + align4(valueLength);
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    const view = new DataView(this.#bytes.buffer, start, this.#length - start);
    view.setUint16(0, HEADER_LENGTH + valueLength, LITTLE_ENDIAN);
    view.setUint16(2, type, LITTLE_ENDIAN);
    return view;
  }
}

/**
 * Attributes that were read, by type. Absent attributes are `undefined`; an attribute that is
 * present but too short for what is asked of it is an error, never a guess. Where a type occurs
 * twice the last one counts, as in the kernel.
 */
export class AttributeSet {
  readonly #values = new Map<number, Uint8Array>();

  /**
   * @param subject names the list in errors, such as `attributes of RTM_NEWLINK`.
   * @throws MalformedMessageError where a length points outside of the list.
   */
  constructor(
    bytes: Uint8Array,
    readonly subject: string,
  ) {
    for (const { type, value } of readAttributes(bytes, subject)) this.#values.set(type, value);
  }

  has(type: number): boolean {
    return this.#values.has(type);
  }

  types(): number[] {
    return [...this.#values.keys()];
  }

  u8(type: number): number | undefined {
    return this.#view(type, 1)?.getUint8(0);
  }

  u16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0, LITTLE_ENDIAN);
  }

  be16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0, false);
  }

  u32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, LITTLE_ENDIAN);
  }

  /** A 32-bit number in network byte order, which netfilter has everywhere. */
  be32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, false);
  }

  blob(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }

  /** Text up to its first zero byte. */
  text(type: number): string | undefined {
    const value = this.#values.get(type);
    if (!value) return undefined;
    const end = value.indexOf(0);
    return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
  }

  /** The attributes inside of an attribute. */
  nest(type: number): AttributeSet | undefined {
    const value = this.#values.get(type);
    return value && new AttributeSet(value, `attribute ${type} in ${this.subject}`);
  }

  #view(type: number, lengthMin: number): DataView | undefined {
    const value = this.#values.get(type);
    if (!value) return undefined;
    if (value.length < lengthMin) {
      throw new MalformedMessageError(
        `attribute ${type} in ${this.subject}`,
        `${value.length} bytes`,
        `at least ${lengthMin}`,
      );
    }
    return viewOf(value);
  }
}

/**
 * All attributes in order, for lists where a type occurs more than once. The upper two bits of the
 * type (nested, network byte order) are removed; values are views, not copies.
 *
 * @throws MalformedMessageError where a length points outside of `bytes`.
 */
export function readAttributes(
  bytes: Uint8Array,
  subject: string,
): { type: number; value: Uint8Array }[] {
  const view = viewOf(bytes);
  const found: { type: number; value: Uint8Array }[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const left = bytes.length - offset;
    if (left < HEADER_LENGTH) {
      throw new MalformedMessageError(subject, `${left} bytes left`, 'an attribute header of 4');
    }
    const length = view.getUint16(offset, LITTLE_ENDIAN);
    if (length < HEADER_LENGTH || length > left) {
      throw new MalformedMessageError(subject, `attribute length ${length}`, `4 to ${left}`);
    }
    const type = view.getUint16(offset + 2, LITTLE_ENDIAN) & NLA.TYPE_MASK;
    found.push({ type, value: bytes.subarray(offset + HEADER_LENGTH, offset + length) });
    offset += align4(length);
  }
  return found;
}
