/** Labels of the identities that exist without being allocated. */

import { type ReservedIdentity, reservedIdentities } from '@skep/contract';
import { type Labels, reservedLabels } from './labels.ts';

const byNumber = new Map(
  reservedIdentities.map(({ identity, names }) => [identity, reservedLabels(...names)]),
);

/** `reserved:` labels of a reserved identity; entities and selectors match by them. */
export function reservedIdentityLabels(identity: ReservedIdentity): Labels {
  return byNumber.get(identity)!;
}
