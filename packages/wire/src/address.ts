/**
 * IP addresses and prefixes as text and as bytes. Bytes are in network order: 4 for IPv4, 16 for
 * IPv6. Pure: no look-ups, no host names.
 */

export interface Address {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
}

/** The addresses whose first `length` bits are those of `address`; its other bits are zero. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** What was found is not an address or prefix. */
export class AddressError extends Error {
  readonly code = 'ERR_ADDRESS';
  constructor(
    readonly found: string,
    readonly expected: string,
  ) {
    super(`address '${found}': expected ${expected}`);
  }
}

/**
 * Reads dotted decimal (RFC 6943 section 3.1.1: no leading zeros) or RFC 4291 section 2.2 text.
 *
 * @throws AddressError for anything else, zone identifiers included.
 */
export function parseAddress(text: string): Address {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  if (!bytes) throw new AddressError(text, 'an IPv4 or IPv6 address');
  return { family: bytes.length === 4 ? 4 : 6, bytes };
}

/**
 * Reads `address/length`; a bare address is the prefix of its full length.
 *
 * @throws AddressError also when bits beyond the length are set, naming the prefix that was meant.
 */
export function parsePrefix(text: string): Prefix {
  const [addressText, lengthText, ...rest] = text.split('/');
  const address = parseAddress(addressText ?? '');
  const bits = address.bytes.length * 8;
  if (lengthText === undefined) return { address, length: bits };
  const length = /^(0|[1-9]\d{0,2})$/.test(lengthText) ? Number(lengthText) : Number.NaN;
  if (rest.length > 0 || !(length <= bits)) {
    throw new AddressError(text, `a prefix length from 0 to ${bits}`);
  }
  const network = { address: maskAddress(address, length), length };
  if (compareAddresses(network.address, address) !== 0) {
    throw new AddressError(text, `no bits after the prefix: ${formatPrefix(network)}`);
  }
  return network;
}

/** Text as RFC 5952 recommends it. */
export function formatAddress(address: Address): string {
  return address.family === 4 ? address.bytes.join('.') : formatIpv6(address.bytes);
}

/**
 * `192.0.2.1:80`, `[2001:db8::1]:80`; the name of a host stands as it is.
 *
 * @source RFC 5952 section 6
 */
export function formatAddressPort(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** `10.0.0.0/8`, `fd00::/64`: the address as `formatAddress` has it, then the length in bits. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** The prefix that holds this address and no other. */
export function singlePrefix(address: Address): Prefix {
  return { address, length: address.bytes.length * 8 };
}

/** The address with all bits from `length` on cleared. */
export function maskAddress(address: Address, length: number): Address {
  const bytes = address.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - index * 8));
    return byte & (0xff00 >> kept) & 0xff;
  });
  return { family: address.family, bytes };
}

/** Whether the address lies in the prefix; never across families. */
export function prefixContains(prefix: Prefix, address: Address): boolean {
  if (prefix.address.family !== address.family) return false;
  return compareAddresses(maskAddress(address, prefix.length), prefix.address) === 0;
}

/** Negative, zero or positive: IPv4 before IPv6, then by value. */
export function compareAddresses(left: Address, right: Address): number {
  if (left.family !== right.family) return left.family - right.family;
  for (let index = 0; index < left.bytes.length; index++) {
    const difference = left.bytes[index]! - right.bytes[index]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * No address in them is one host's on a network: they are unspecified, loopback, link-local,
 * multicast, broadcast, IPv4-mapped or IPv4-compatible.
 *
 * @source RFC 6890, RFC 4291 section 2.5
 */
export const HOSTLESS_PREFIXES: readonly Prefix[] = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'],
  ...['::/80', 'fe80::/10', 'ff00::/8'],
].map(parsePrefix);

/** Whether one host can have it on a network. */
export function isHostAddress(address: Address): boolean {
  return !HOSTLESS_PREFIXES.some((prefix) => prefixContains(prefix, address));
}

/** What an IPv4 address in the form of IPv6 begins with. @source RFC 4291 section 2.5.5.2 */
export const MAPPED_HEAD: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Whether it is an IPv4 address in the form of IPv6. */
export function isMappedAddress({ family, bytes }: Address): boolean {
  return family === 6 && MAPPED_HEAD.every((byte, index) => bytes[index] === byte);
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes[index] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (!head || !tail) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** Bytes of `a:b:c`; the last group may be dotted decimal where `isLast`. */
function parseGroups(text: string, isLast: boolean): number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (isLast && index === groups.length - 1 && group.includes('.')) {
      const dotted = parseIpv4(group);
      if (!dotted) return null;
      bytes.push(...dotted);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes.length <= 16 ? bytes : null;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[i * 2]! << 8) | bytes[i * 2 + 1]!);
  if (isMappedAddress({ family: 6, bytes })) return `::ffff:${bytes.slice(12).join('.')}`;
  const zeros = longestZeros(groups);
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  if (zeros.count < 2) return text(0, 8);
  return `${text(0, zeros.start)}::${text(zeros.start + zeros.count, 8)}`;
}

function longestZeros(groups: readonly number[]): { start: number; count: number } {
  let best = { start: 0, count: 0 };
  for (let start = 0; start < groups.length; start++) {
    let count = 0;
    while (groups[start + count] === 0) count++;
    if (count > best.count) best = { start, count };
  }
  return best;
}
