/** Relations between prefixes, and their canonical text as a key. */

import { formatPrefix, type Prefix } from '@skep/wire';

/**
 * Whether every address of `inner` is one of `outer`. Bits of an address beyond its prefix may be
 * anything.
 */
export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  if (outer.address.family !== inner.address.family || outer.length > inner.length) return false;
  const wholeBytes = outer.length >> 3;
  for (let index = 0; index < wholeBytes; index++) {
    if (outer.address.bytes[index] !== inner.address.bytes[index]) return false;
  }
  const restBits = outer.length & 7;
  if (restBits === 0) return true;
  const difference = outer.address.bytes[wholeBytes]! ^ inner.address.bytes[wholeBytes]!;
  return difference >> (8 - restBits) === 0;
}

/** Equal text, equal prefix. */
export function prefixKey(prefix: Prefix): string {
  return formatPrefix(prefix);
}
