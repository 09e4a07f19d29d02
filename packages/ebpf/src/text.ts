/** Text as kernel programs know it: bytes that are fixed when compiling. */

/**
 * The UTF-8 bytes of a text, followed by zeros up to `size`.
 *
 * @throws RangeError when the text is longer
 * @example export const LOOPBACK = text('lo', 16);
 */
export function text(value: string, size?: number): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  const length = size ?? bytes.length;
  if (bytes.length > length) {
    throw new RangeError(`text '${value}': ${bytes.length} bytes, expected at most ${length}`);
  }
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return padded;
}

/**
 * Whether an array of bytes begins with these, which must be known when compiling: compared in
 * pieces of up to 8 bytes.
 *
 * @example if (startsWith(line.bytes, text('GET '))) ...
 */
export function startsWith(bytes: ArrayLike<number>, expected: Uint8Array): boolean {
  return expected.every((byte, index) => bytes[index] === byte);
}
