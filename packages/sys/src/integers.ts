/** Integers at the boundary: the FFI library cuts 1.5 to 1 and 2^32 to 0, these refuse them. */

/**
 * The value, if it is an integer from `low` to `high`.
 *
 * @throws RangeError that names the value, what it is, and the range
 */
export function checkInteger(value: number, what: string, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${what} ${value}: expected an integer from ${low} to ${high}`);
  }
  return value;
}

/** The value, if it fits 32 unsigned bits. @throws RangeError */
export function checkU32(value: number, what: string): number {
  return checkInteger(value, what, 0, 0xffff_ffff);
}

/** The value, if it fits 32 signed bits. @throws RangeError */
export function checkS32(value: number, what: string): number {
  return checkInteger(value, what, -0x8000_0000, 0x7fff_ffff);
}
