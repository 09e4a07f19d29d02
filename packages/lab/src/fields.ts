/** Fields that lab files and policy tests share; messages say what was expected. */
import { labelText, nonEmptyText, portNumber } from '@skep/policy';
import { AddressError, isHostAddress, parseAddress } from '@skep/wire';
import { z } from 'zod';

/** Where a lab's node and its world live, beside the namespaces of its endpoints. */
export const NODE = 'node';
/** See {@link NODE}. */
export const WORLD = 'world';

const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const NAME_RULE = 'lower-case letters, digits, hyphens and dots, at most 63';

/** Name of an endpoint, of a host outside. */
export const nameField = z.string({ error: NAME_RULE }).regex(NAME, { error: NAME_RULE });

/** An endpoint's name is also that of its network namespace. */
export const endpointNameField = nameField.refine((name) => name !== NODE && name !== WORLD, {
  error: `another name: '${NODE}' and '${WORLD}' are the lab's own`,
});

/** Labels of an endpoint or a namespace. */
export const labelsField = z.record(nonEmptyText, labelText, { error: 'a mapping of labels' });

/** A port that something serves or has a name for. */
export const portField = portNumber;

/** An address that a host can have, of the family where one is given. */
export function addressField(family?: 4 | 6) {
  const error = `${family === undefined ? 'an IPv4 or IPv6' : `an IPv${family}`} address of a host`;
  return z.string({ error }).refine((text) => isAddressOfHost(text, family), { error });
}

function isAddressOfHost(text: string, family?: 4 | 6): boolean {
  try {
    const address = parseAddress(text);
    return (family === undefined || address.family === family) && isHostAddress(address);
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}
