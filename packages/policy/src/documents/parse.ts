/** Text of a file to policy documents; the one way in. */

import type { PolicyDocument } from '../model.ts';
import { documentKey } from '../model.ts';
import { readCiliumPolicy } from './cilium-policy.ts';
import { type DocumentProblem, formatFound, PolicyDocumentError } from './document-error.ts';
import { type LocatedDocument, readDocuments, valueAt } from './located-document.ts';
import { readNetworkPolicy } from './network-policy.ts';

/** How to read a file. */
export interface ParseOptions {
  /** For messages. */
  readonly file: string;
  /** Namespace of documents that name none. `default` where absent. */
  readonly defaultNamespace?: string;
}

const READERS: Readonly<
  Record<string, (document: LocatedDocument, namespace: string) => PolicyDocument>
> = {
  NetworkPolicy: readNetworkPolicy,
  CiliumNetworkPolicy: readCiliumPolicy,
  CiliumClusterwideNetworkPolicy: readCiliumPolicy,
};

/**
 * Reads the policies of a YAML or JSON file: several documents, and Lists of them.
 *
 * @throws PolicyDocumentError with the problems of all documents: nothing that is not understood is
 * ever left out silently.
 */
export function parsePolicies(text: string, options: ParseOptions): PolicyDocument[] {
  const problems: DocumentProblem[] = [];
  const documents: PolicyDocument[] = [];
  const seen = new Set<string>();
  for (const located of readDocuments(text, options.file).flatMap(itemsOf)) {
    try {
      const document = readOne(located, options.defaultNamespace ?? 'default');
      const key = documentKey(document);
      if (seen.has(key)) {
        problems.push(located.problem(['metadata', 'name'], `${key} appears twice in this file`));
      }
      seen.add(key);
      documents.push(document);
    } catch (error) {
      if (!(error instanceof PolicyDocumentError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new PolicyDocumentError(problems);
  return documents;
}

function readOne(document: LocatedDocument, defaultNamespace: string): PolicyDocument {
  const kind = valueAt(document.value, ['kind']);
  const reader = typeof kind === 'string' && Object.hasOwn(READERS, kind) && READERS[kind];
  if (reader) return reader(document, defaultNamespace);
  const expected = Object.keys(READERS).join(', ');
  const detail = `found ${formatFound(kind)}, expected one of ${expected}`;
  throw new PolicyDocumentError([document.problem(['kind'], detail)]);
}

/** The items of a List (`List`, `NetworkPolicyList`, ...), or the document itself. */
function itemsOf(document: LocatedDocument): LocatedDocument[] {
  const kind = valueAt(document.value, ['kind']);
  if (typeof kind !== 'string' || !kind.endsWith('List')) return [document];
  const items = valueAt(document.value, ['items']);
  if (!Array.isArray(items)) {
    const detail = `found ${formatFound(items)}, expected a list`;
    throw new PolicyDocumentError([document.problem(['items'], detail)]);
  }
  return items.map((_, index) => document.part(['items', index]));
}
