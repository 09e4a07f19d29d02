/** Addresses of sockets as the kernel takes them, for protocols that node has no module for. */
import { AddressFamily } from '@skep/sys';
import { type Address, parseAddress } from '@skep/wire';

/**
 * An address and a port in bytes.
 *
 * @source struct sockaddr_in, include/uapi/linux/in.h; struct sockaddr_in6, in6.h
 */
export function socketAddressOf(text: string, port: number): Uint8Array {
  const address = parseAddress(text);
  const bytes = new Uint8Array(address.family === 4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, addressFamilyOf(address), true);
  view.setUint16(2, port);
  bytes.set(address.bytes, address.family === 4 ? 4 : 8);
  return bytes;
}

/** AF_INET or AF_INET6. */
export function addressFamilyOf({ family }: Pick<Address, 'family'>): number {
  return family === 4 ? AddressFamily.INET : AddressFamily.INET6;
}
