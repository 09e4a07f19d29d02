/**
 * Keys of labels as selectors of Cilium write them. One that no label here can have would select
 * nobody, and so open what a deny rule closes: it is refused.
 *
 * @source cilium pkg/labels/labels.go (parseSource, GetExtendedKeyFrom)
 */

import { reservedIdentities } from '@skep/contract';
import { NAMESPACE_LABELS_PREFIX, PLACE_PREFIX, splitSource } from '../labels.ts';
import { nonEmptyText } from './fields.ts';

const SOURCES = ['k8s', 'any', 'reserved'];
const RESERVED_NAMES = [...new Set(reservedIdentities.flatMap(({ names }) => names))];

/** `key` or `source:key`. */
export const ciliumKey = nonEmptyText.superRefine((text, context) => {
  const message = expectedInstead(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** What is to stand in place of a key that matches nothing here; undefined for others. */
function expectedInstead(text: string): string | undefined {
  const [, reserved] = /^(?:\$|reserved\.)([^:]*)$/.exec(text) ?? [];
  if (reserved !== undefined) return `'reserved:${reserved}'`;
  if (text.startsWith(':')) return `'any${text}'`;
  const { source, key } = splitSource(text, 'any');
  if (!SOURCES.includes(source)) return 'a key of source k8s, any or reserved';
  if (key === '' && text !== '') return 'a key after the source';
  if (source === 'reserved') {
    if (RESERVED_NAMES.includes(key)) return undefined;
    return `reserved: and one of ${RESERVED_NAMES.join(', ')}`;
  }
  if (!key.startsWith(PLACE_PREFIX) || key.startsWith(NAMESPACE_LABELS_PREFIX)) return undefined;
  return `a label that endpoints have here: of ${PLACE_PREFIX} those of their namespace`;
}
