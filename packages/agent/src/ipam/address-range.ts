/** Ranges of addresses: as people write them, as numbers, and what is left of them. */
import {
  type Address,
  AddressError,
  formatAddress,
  formatPrefix,
  HOSTLESS_PREFIXES,
  parseAddress,
  parsePrefix,
  type Prefix,
} from '@skep/wire';

/** The addresses from `first` to `last`, both among them, as numbers. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const EXPECTED = 'a prefix, or FIRST-LAST of one family';

/** `10.0.0.0/24`, `10.0.0.10-10.0.0.20`, or one address. @throws AddressError */
export function parseAddressRange(text: string): AddressRange {
  const [firstText, lastText, ...rest] = text.split('-').map((part) => part.trim());
  if (lastText === undefined) return rangeOf(parsePrefix(text));
  const [first, last] = [parseAddress(firstText ?? ''), parseAddress(lastText)];
  const range = { family: first.family, first: toNumber(first), last: toNumber(last) };
  if (rest.length > 0 || last.family !== first.family || range.last < range.first) {
    throw new AddressError(text, EXPECTED);
  }
  return range;
}

/**
 * As {@link parseAddressRange}, but of a prefix only what a host may have: not the address of the
 * network itself, and in IPv4 not the last one, which is everybody's.
 *
 * @throws AddressError
 * @source RFC 919 section 7, RFC 4291 section 2.6.1
 */
export function parsePool(text: string): AddressRange {
  const range = parseAddressRange(text);
  const hostless = HOSTLESS_PREFIXES.find((prefix) => isOverlapping(rangeOf(prefix), range));
  if (hostless) {
    throw new AddressError(text, `none of ${formatPrefix(hostless)}, which no host can have`);
  }
  const { family, first, last } = range;
  if (!text.includes('/') || last - first < 2n) return range;
  return { family, first: first + 1n, last: family === 4 ? last - 1n : last };
}

/** The ranges in order, those that touch as one, without what is in `reserved`. */
export function subtractRanges(
  ranges: readonly AddressRange[],
  reserved: readonly AddressRange[],
): AddressRange[] {
  const left: AddressRange[] = [];
  for (const range of mergeRanges(ranges)) {
    let { first } = range;
    for (const gap of mergeRanges(reserved)) {
      if (gap.last < first || gap.first > range.last) continue;
      if (gap.first > first) left.push({ ...range, first, last: gap.first - 1n });
      first = gap.last + 1n;
    }
    if (first <= range.last) left.push({ ...range, first });
  }
  return left;
}

function mergeRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const sorted = [...ranges].sort((left, right) => (left.first < right.first ? -1 : 1));
  const merged: AddressRange[] = [];
  for (const range of sorted) {
    const before = merged.at(-1);
    if (!before || range.first > before.last + 1n) merged.push(range);
    else if (range.last > before.last) merged[merged.length - 1] = { ...before, last: range.last };
  }
  return merged;
}

/** How many addresses there are. */
export function sizeOf(ranges: readonly AddressRange[]): bigint {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

/** Whether an address is in one of the ranges; never across families. */
export function isInRanges(ranges: readonly AddressRange[], address: Address): boolean {
  const number = toNumber(address);
  return ranges.some((range) => {
    return range.family === address.family && range.first <= number && number <= range.last;
  });
}

/** Whether some address is in both. */
export function isOverlapping(left: AddressRange, right: AddressRange): boolean {
  return left.family === right.family && left.first <= right.last && right.first <= left.last;
}

/** `10.0.0.1-10.0.0.254`, or one address. */
export function formatRange({ family, first, last }: AddressRange): string {
  const text = formatAddress(toAddress(family, first));
  return first === last ? text : `${text}-${formatAddress(toAddress(family, last))}`;
}

/** The address of a number. */
export function toAddress(family: 4 | 6, number: bigint): Address {
  const length = family === 4 ? 4 : 16;
  const hexadecimal = number.toString(16).padStart(length * 2, '0');
  return { family, bytes: Uint8Array.from(Buffer.from(hexadecimal, 'hex')) };
}

function toNumber(address: Address): bigint {
  return BigInt(`0x${Buffer.from(address.bytes).toString('hex')}`);
}

/** All of its addresses. */
export function rangeOf({ address, length }: Prefix): AddressRange {
  const first = toNumber(address);
  const hostBits = BigInt(address.bytes.length * 8 - length);
  return { family: address.family, first, last: first + (1n << hostBits) - 1n };
}
