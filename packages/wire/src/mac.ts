/** MAC addresses as text and as 6 bytes. */

/** What was found is not a MAC address. */
export class MacError extends Error {
  readonly code = 'ERR_MAC';
  constructor(readonly found: string) {
    super(`MAC address '${found}': expected six hexadecimal pairs such as 02:00:00:00:00:01`);
  }
}

/** @throws MacError for anything but six pairs separated by colons. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new MacError(text);
  return Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** Lower-case pairs separated by colons, as the kernel's tools write them. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
