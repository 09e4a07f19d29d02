/**
 * Text that was accepted once, perhaps by a build that read less strictly. It is in force, and who
 * relies on it is not asked: what cannot be read any more closes what it was about.
 */

import { documentKey, type PolicyDocument, type PolicyKind } from '../model.ts';
import { closedPolicy } from './closed-policy.ts';
import { formatProblem, PolicyDocumentError } from './document-error.ts';
import { type LocatedDocument, readDocuments, valueAt } from './located-document.ts';
import { DEFAULT_NAMESPACE, itemsOf, readOne } from './parse.ts';

/**
 * The documents of some keys, in their order. One that cannot be read has `unreadable`, and closes
 * the subjects that it has as far as they can be told.
 */
export function parseAccepted(
  text: string,
  file: string,
  keys: readonly string[],
): PolicyDocument[] {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PolicyDocumentError)) throw error;
      problems.push(...error.problems.slice(0, 1).map(formatProblem));
      return undefined;
    }
  };
  const found = new Map<string, PolicyDocument>();
  const all = attempt(() => readDocuments(text, file)) ?? [];
  for (const located of all.flatMap((each) => attempt(() => itemsOf(each)) ?? [])) {
    const key = claimedKey(located);
    const document =
      attempt(() => readOne(located, DEFAULT_NAMESPACE)) ??
      closedPolicy({ key, file, reason: problems.at(-1)!, located });
    found.set(key, document);
  }
  const reason = problems[0] ?? `${file}:1: found nothing of it`;
  return keys.map((key) => found.get(key) ?? closedPolicy({ key, file, reason }));
}

/** The key of a document that may be wrong in whatever way. */
function claimedKey({ value }: LocatedDocument): string {
  const kind = valueAt(value, ['kind']) as PolicyKind;
  const namespace =
    kind === 'CiliumClusterwideNetworkPolicy'
      ? ''
      : String(valueAt(value, ['metadata', 'namespace']) ?? DEFAULT_NAMESPACE);
  return documentKey({ kind, namespace, name: String(valueAt(value, ['metadata', 'name'])) });
}
