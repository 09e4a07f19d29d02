/** docs/reference/drop-reasons.md: what each drop means, and who can make it go away. */
import { dropReasons } from '@skep/contract';
import { generatedFrom, markdownTable } from './table.ts';

/** The page: one row for each reason of the contract. */
export function dropReasonsPage(): string {
  const rows = dropReasons.map(({ reason, name, sentence, remedy }) => [
    String(reason),
    name,
    sentence,
    remedy,
  ]);
  return `${generatedFrom('packages/contract/src/drop-reason.ts')}# Drop reasons

No packet is dropped without one of these. The numbers are Cilium's, so that its tools show the same
names; a number is never used for anything else. "skep" in the last column: it cannot happen unless
Skep is wrong or half loaded; please report it.

${markdownTable(['number', 'name', 'what happened', 'who can change it'], rows)}`;
}
