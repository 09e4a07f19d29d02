/** The Internet checksum. @source RFC 1071, incremental update RFC 1624 */

/** Sum of big-endian 16-bit words, not folded; an odd last byte counts as the upper half. */
export function sumWords(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += (bytes[index]! << 8) | (bytes[index + 1] ?? 0);
  }
  return sum;
}

/** The checksum of what was summed: folded to 16 bits and inverted. */
export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/** The checksum over `bytes`, whose own checksum field is zero. */
export function checksum(bytes: Uint8Array): number {
  return foldChecksum(sumWords(bytes));
}
