/** docs/reference/identities.md: identities that exist without being given, and their entities. */
import { reservedIdentities } from '@skep/contract';
import { ENTITIES, entityMatches, reservedIdentityLabels } from '@skep/policy';
import { generatedFrom, markdownTable } from './table.ts';

/** The page: one row for each reserved identity. */
export function identitiesPage(): string {
  const rows = reservedIdentities.map(({ identity, sentence, isGiven }) => {
    const labels = reservedIdentityLabels(identity);
    const entities = ENTITIES.filter((entity) => entityMatches(entity, labels));
    const names = labels.list.map(({ key }) => `\`reserved:${key}\``).join(' ');
    return [String(identity), names, sentence, entities.join(', '), isGiven ? 'yes' : 'no'];
  });
  return `${generatedFrom('packages/contract/src/identity.ts')}# Reserved identities

Identities that exist without being given to labels. The numbers are Cilium's. Policies name them by
\`fromEntities\` and \`toEntities\`, or by their labels; an entity that nothing here has is
understood and matches nobody, and \`skep policy validate\` warns of a deny rule that names it.
\`skep identity list --all\` shows what has which.

An endpoint whose labels are not known yet, one that was made without \`labels\`, is \`init\`:
closed both ways without any policy, but for what a \`CiliumClusterwideNetworkPolicy\` about
\`reserved:init\` allows. Given labels, it is as their rules say.

${markdownTable(['number', 'labels', 'what it stands for', 'entities', 'on a single node'], rows)}`;
}
