/** Addresses of IPv4, IPv6 and unix sockets as the kernel takes and gives them. */
import { AddressFamily } from './abi/socket.ts';

/** An address with a port. */
export interface InternetAddress {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** @source struct sockaddr_in, include/uapi/linux/in.h; struct sockaddr_in6, in6.h */
const layout = {
  ip4: { size: 16, address: 4 },
  ip6: { size: 28, address: 8 },
  port: 2,
} as const;

/** `struct sockaddr_in` or `sockaddr_in6`, by the length of the address. @throws TypeError */
export function encodeInternetAddress({ address, port }: InternetAddress): Uint8Array {
  const { length } = address;
  if (length !== 4 && length !== 16) {
    throw new TypeError(`internet address of ${length} bytes: expected 4 or 16`);
  }
  const at = length === 4 ? layout.ip4 : layout.ip6;
  const bytes = new Uint8Array(at.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, length === 4 ? AddressFamily.INET : AddressFamily.INET6, true);
  view.setUint16(layout.port, port);
  bytes.set(address, at.address);
  return bytes;
}

/** Bytes of a path in `struct sockaddr_un`, its end included. */
const UNIX_PATH_BYTES = 108;

/**
 * `struct sockaddr_un` for a path, or for a name of the abstract namespace, written `@name`.
 *
 * @throws TypeError for one that is too long
 * @source unix(7)
 */
export function encodeUnixAddress(path: string): Uint8Array {
  const isAbstract = path.startsWith('@');
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > UNIX_PATH_BYTES) {
    throw new TypeError(`unix address ${path}: ${name.length} bytes, expected at most 108`);
  }
  const bytes = new Uint8Array(2 + name.length);
  new DataView(bytes.buffer).setUint16(0, AddressFamily.UNIX, true);
  bytes.set(name, 2);
  return bytes;
}

/** The address in `struct sockaddr_in` or `sockaddr_in6`. @throws TypeError for other families */
export function decodeInternetAddress(bytes: Uint8Array): InternetAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.getUint16(0, true);
  const isIp6 = family === AddressFamily.INET6;
  if (!isIp6 && family !== AddressFamily.INET) {
    throw new TypeError(`socket address of family ${family}: expected IPv4 or IPv6`);
  }
  const at = isIp6 ? layout.ip6.address : layout.ip4.address;
  return {
    address: bytes.slice(at, at + (isIp6 ? 16 : 4)),
    port: view.getUint16(layout.port),
  };
}
