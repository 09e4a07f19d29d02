/** Versions of the CNI specification, and what each of them has. */
import { CniError, CniErrorCode } from './cni-error.ts';

/** Oldest first; the last one is what `VERSION` is answered in where nobody asks for another. */
export const SUPPORTED_VERSIONS = ['0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** A version that is understood. */
export type CniVersion = (typeof SUPPORTED_VERSIONS)[number];

/** The newest one. */
export const NEWEST_VERSION: CniVersion = '1.1.0';

/** What a configuration without a version is written in. @source CNI specification 0.2.0 */
const UNWRITTEN_VERSION = '0.2.0';

/** @throws CniError for a version that is not understood */
export function readVersion(found: unknown): CniVersion {
  const version = found === undefined || found === '' ? UNWRITTEN_VERSION : found;
  const known = SUPPORTED_VERSIONS.find((each) => each === version);
  if (known) return known;
  throw new CniError(
    CniErrorCode.IncompatibleVersion,
    `cniVersion ${JSON.stringify(version)}: not supported`,
    `supported are ${SUPPORTED_VERSIONS.join(', ')}`,
  );
}

/** Whether a version is that of another or newer. */
export function isAtLeast(version: CniVersion, other: CniVersion): boolean {
  return SUPPORTED_VERSIONS.indexOf(version) >= SUPPORTED_VERSIONS.indexOf(other);
}
