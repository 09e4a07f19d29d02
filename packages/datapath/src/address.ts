/** IP addresses as the datapath's tables hold them: 16 bytes, IPv4 mapped. */
import type { Address, Prefix } from '@skep/wire';

/** The prefix that all IPv4 addresses share. @source RFC 4291 section 2.5.5.2 */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const MAPPED_BITS = 96;

/** 16 bytes in network order. */
export function toMapAddress(address: Address): Uint8Array {
  return address.family === 4 ? Uint8Array.from([...MAPPED, ...address.bytes]) : address.bytes;
}

/** The address that 16 bytes of a table stand for. */
export function fromMapAddress(bytes: Uint8Array): Address {
  const isMapped = MAPPED.every((byte, index) => bytes[index] === byte);
  return isMapped
    ? { family: 4, bytes: bytes.slice(12, 16) }
    : { family: 6, bytes: bytes.slice(0, 16) };
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
