/** IP addresses as the datapath's tables hold them: 16 bytes, IPv4 mapped. */
import {
  type Address,
  AddressError,
  formatAddress,
  isMappedAddress,
  MAPPED_HEAD,
  type Prefix,
} from '@skep/wire';

const MAPPED_BITS = MAPPED_HEAD.length * 8;

/**
 * 16 bytes in network order.
 *
 * @throws AddressError for an IPv6 address that an IPv4 address has here
 */
export function toMapAddress(address: Address): Uint8Array {
  if (isMappedAddress(address)) throw new AddressError(formatAddress(address), 'an IPv4 address');
  return address.family === 4 ? Uint8Array.from([...MAPPED_HEAD, ...address.bytes]) : address.bytes;
}

/** The address that 16 bytes of a table stand for. */
export function fromMapAddress(bytes: Uint8Array): Address {
  const address: Address = { family: 6, bytes: bytes.slice(0, 16) };
  return isMappedAddress(address) ? { family: 4, bytes: bytes.slice(12, 16) } : address;
}

/** The two words that a kernel program compares. */
export function toWords(address: Address): { upper: bigint; lower: bigint } {
  const bytes = toMapAddress(address);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return { upper: view.getBigUint64(0, true), lower: view.getBigUint64(8, true) };
}

/** The key of a prefix: an IPv4 prefix is 96 bits longer. */
export function toPrefixKey(prefix: Prefix): {
  prefixLength: number;
  address: { upper: bigint; lower: bigint };
} {
  const extra = prefix.address.family === 4 ? MAPPED_BITS : 0;
  return { prefixLength: prefix.length + extra, address: toWords(prefix.address) };
}

/** Six bytes of a MAC address as the two words of `MacAddress`. */
export function toMacWords(mac: Uint8Array): { head: number; tail: number } {
  const view = new DataView(mac.buffer, mac.byteOffset, 6);
  return { head: view.getUint32(0, true), tail: view.getUint16(4, true) };
}
