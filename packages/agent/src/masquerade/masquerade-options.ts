/** What is asked for when masquerade is turned on. */
import { UNMASQUERADED_PREFIXES_MAX } from '@skep/contract';
import { atLimit, unmasqueraded } from '@skep/datapath';
import { parsePrefix, type Prefix } from '@skep/wire';

/** Ports of the node that stand for flows of endpoints, both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Masquerade as it is asked for; what is absent is chosen. */
export interface MasqueradeOptions {
  /** Names of the interfaces to the world. Default: those that default routes lead out of. */
  readonly uplinks?: readonly string[];
  /** Default: {@link DEFAULT_PORTS}. */
  readonly ports?: PortRange;
  /** Prefixes that see endpoints under their own addresses, as text. */
  readonly except?: readonly string[];
}

/**
 * Dynamic ports, of which the half below is left to the node's own. @source RFC 6335 section 6
 */
export const DEFAULT_PORTS: PortRange = { first: 49_152, last: 65_535 };

/** Options that cannot be carried out. */
export class MasqueradeError extends Error {
  readonly code = 'ERR_MASQUERADE';
}

/** The range, checked. @throws MasqueradeError */
export function readPorts({ ports = DEFAULT_PORTS }: MasqueradeOptions): PortRange {
  const { first, last } = ports;
  if (Number.isInteger(first) && Number.isInteger(last) && 1024 <= first && first <= last) {
    if (last <= 65_535) return ports;
  }
  const expected = 'expected two ports from 1024 to 65535, the lower one first';
  throw new MasqueradeError(`masquerade: ports ${first}-${last}, ${expected}`);
}

/** The prefixes, parsed. @throws AddressError, MasqueradeError */
export function readExceptions({ except = [] }: MasqueradeOptions): Prefix[] {
  if (except.length > UNMASQUERADED_PREFIXES_MAX) {
    const expected = `expected at most ${UNMASQUERADED_PREFIXES_MAX}`;
    const { advice } = atLimit(unmasqueraded.name);
    throw new MasqueradeError(`masquerade: ${except.length} exceptions, ${expected} (${advice})`);
  }
  return except.map(parsePrefix);
}
