/**
 * Fields that several kinds of documents share, as schemas. The message of each schema says what
 * was expected; what was found is added where the message is shown.
 */

import { type Address, AddressError, maskAddress, type Prefix, parseAddress } from '@skep/wire';
import { z } from 'zod';

/** Text that is not empty. */
export const nonEmptyText = z
  .string({ error: 'a text' })
  .min(1, { error: 'a text that is not empty' });

/** Values and keys of labels: text only; YAML's `1` and `true` have to be quoted. */
export const labelText = z.string({ error: 'a text (put it in quotes)' });

const matchExpression = z
  .strictObject({
    key: nonEmptyText,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist'], {
      error: 'In, NotIn, Exists or DoesNotExist',
    }),
    values: z.array(labelText).optional(),
  })
  .superRefine((expression, context) => {
    const needsValues = expression.operator === 'In' || expression.operator === 'NotIn';
    const hasValues = (expression.values?.length ?? 0) > 0;
    if (needsValues === hasValues) return;
    const message = needsValues
      ? `at least one value for ${expression.operator}`
      : `no values for ${expression.operator}`;
    context.addIssue({ code: 'custom', path: ['values'], message });
  });

/** A label selector of Kubernetes' shape. */
export const labelSelector = z.strictObject({
  matchLabels: z.record(nonEmptyText, labelText).optional(),
  matchExpressions: z.array(matchExpression).optional(),
});

/** A label selector as it was written. */
export type WrittenSelector = z.infer<typeof labelSelector>;

/**
 * Reads a prefix as policies write it: bits after the prefix are cleared, as both APIs do.
 *
 * @returns undefined for text that is no prefix.
 */
export function readPrefix(text: string): Prefix | undefined {
  const [, addressText, lengthText] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  if (addressText === undefined) return undefined;
  const address = readAddress(addressText);
  const length = Number(lengthText);
  if (!address || length > address.bytes.length * 8) return undefined;
  return { address: maskAddress(address, length), length };
}

/** A bare address is the prefix of its full length. */
export function readAddressOrPrefix(text: string): Prefix | undefined {
  if (text.includes('/')) return readPrefix(text);
  const address = readAddress(text);
  return address && { address, length: address.bytes.length * 8 };
}

function readAddress(text: string): Address | undefined {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

/** `address/length`. */
export const prefixField = z
  .string({ error: 'an IPv4 or IPv6 prefix' })
  .refine((text) => readPrefix(text) !== undefined, { error: 'an IPv4 or IPv6 prefix' });

/** `address/length` or an address alone. */
export const addressOrPrefixField = z
  .string({ error: 'an IPv4 or IPv6 address or prefix' })
  .refine((text) => readAddressOrPrefix(text) !== undefined, {
    error: 'an IPv4 or IPv6 address or prefix',
  });

/** Name of a port. @source RFC 6335 section 5.1 */
export function isPortName(text: string): boolean {
  return text.length <= 15 && /^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$/.test(text) && /[a-zA-Z]/.test(text);
}

/** A port number that traffic can have. */
export const portNumber = z
  .int({ error: 'a port from 1 to 65535' })
  .min(1, { error: 'a port from 1 to 65535' })
  .max(65535, { error: 'a port from 1 to 65535' });

/** Metadata of Kubernetes: only what names the policy is used; the rest says nothing about it. */
export const metadataField = z.looseObject({
  name: nonEmptyText,
  namespace: nonEmptyText.optional(),
});
