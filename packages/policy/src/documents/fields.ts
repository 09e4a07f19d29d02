/**
 * Fields that several kinds of documents share, as schemas. The message of each schema says what
 * was expected; what was found is added where the message is shown.
 */

import {
  type Address,
  AddressError,
  isMappedAddress,
  maskAddress,
  type Prefix,
  parseAddress,
} from '@skep/wire';
import { z } from 'zod';

/** Text that is not empty. */
export const nonEmptyText = z
  .string({ error: 'a text' })
  .min(1, { error: 'a text that is not empty' });

/** Values and keys of labels: text only; YAML's `1` and `true` have to be quoted. */
export const labelText = z.string({ error: 'a text (put it in quotes)' });

function matchExpression(key: z.ZodString) {
  return z
    .strictObject({
      key,
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
}

/** A label selector of Kubernetes' shape, with keys of this one. */
export function labelSelector(key: z.ZodString = nonEmptyText) {
  return z.strictObject({
    matchLabels: z.record(key, labelText).optional(),
    matchExpressions: z.array(matchExpression(key)).optional(),
  });
}

/** A label selector as it was written. */
export type WrittenSelector = z.infer<ReturnType<typeof labelSelector>>;

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

/** IPv4 in the form of IPv6 is refused: one address must not have two entries in the ipcache. */
function readAddress(text: string): Address | undefined {
  try {
    const address = parseAddress(text);
    return isMappedAddress(address) ? undefined : address;
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

/** `address/length`. */
export const prefixField = addressText('an IPv4 or IPv6 prefix', readPrefix);

/** `address/length` or an address alone. */
export const addressOrPrefixField = addressText(
  'an IPv4 or IPv6 address or prefix',
  readAddressOrPrefix,
);

function addressText(
  expected: string,
  read: (text: string) => Prefix | undefined,
): z.ZodType<string> {
  return z.string({ error: expected }).refine((text) => read(text) !== undefined, {
    error: ({ input }) => {
      return /^::ffff:/i.test(String(input)) ? `${expected} (IPv4 without ::ffff:)` : expected;
    },
  });
}

/**
 * Name of a port, in the small letters that Kubernetes asks for: case says nothing in such a name.
 *
 * @source RFC 6335 section 5.1
 */
export function isPortName(text: string): boolean {
  return text.length <= 15 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) && /[a-z]/.test(text);
}

/** A port number that traffic can have. */
export const portNumber = z
  .int({ error: 'a port from 1 to 65535' })
  .min(1, { error: 'a port from 1 to 65535' })
  .max(65535, { error: 'a port from 1 to 65535' });

const UNUSED_METADATA = [
  ...['generateName', 'selfLink', 'uid', 'resourceVersion', 'generation', 'creationTimestamp'],
  ...['deletionTimestamp', 'deletionGracePeriodSeconds', 'labels', 'annotations'],
  ...['ownerReferences', 'finalizers', 'managedFields'],
];

const LABEL = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';

/** A name as RFC 1123 has it; it is part of keys, in which slashes separate. */
function nameField(pattern: string, lengthMax: number, signs: string) {
  const regex = new RegExp(`^${pattern}$`);
  return z
    .string({ error: 'a text' })
    .refine((text) => text.length <= lengthMax && regex.test(text), {
      error: nameRule(lengthMax, signs),
    });
}

function nameRule(lengthMax: number, signs: string): string {
  return `small letters, digits${signs}, at most ${lengthMax}`;
}

/** A namespace of endpoints and of policies: one that no policy could name would be open. */
export const namespaceField = nameField(LABEL, 63, ' and hyphens');
/** What it says was expected. */
export const NAMESPACE_RULE = nameRule(63, ' and hyphens');

/**
 * Metadata of Kubernetes: only what names the policy is used; the rest says nothing about it.
 *
 * @source kubernetes staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (ObjectMeta)
 */
export const metadataField = z.strictObject({
  ...Object.fromEntries(UNUSED_METADATA.map((field) => [field, z.unknown().optional()])),
  name: nameField(`${LABEL}(\\.${LABEL})*`, 253, ', hyphens and dots'),
  namespace: namespaceField.optional(),
});
