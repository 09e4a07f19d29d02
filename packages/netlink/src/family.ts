/** IP addresses as netlink attributes carry them. */
import type { Address } from '@skep/wire';
import { AF } from './abi.ts';
import { MalformedMessageError } from './netlink-error.ts';

/** The kernel's number of an address family; `AF_UNSPEC`, which means all, where absent. */
export function familyNumber(family: 4 | 6 | undefined): number {
  if (family === undefined) return AF.UNSPEC;
  return family === 4 ? AF.INET : AF.INET6;
}

/** 4 or 6; undefined for a family that is not IP, such as that of bridge entries. */
export function familyOf(number: number): 4 | 6 | undefined {
  if (number === AF.INET) return 4;
  return number === AF.INET6 ? 6 : undefined;
}

/**
 * Reads an address attribute of a message of this family.
 *
 * @returns undefined where the attribute is absent.
 * @throws MalformedMessageError where the length is not that of the family.
 */
export function readAddress(
  bytes: Uint8Array | undefined,
  number: number,
  subject: string,
): Address | undefined {
  if (!bytes) return undefined;
  const family = familyOf(number);
  if (!family) throw new MalformedMessageError(subject, `address family ${number}`, '2 or 10');
  const length = family === 4 ? 4 : 16;
  if (bytes.length !== length) {
    throw new MalformedMessageError(subject, `address of ${bytes.length} bytes`, `${length}`);
  }
  return { family, bytes: bytes.slice() };
}
