/** Text of a file to policy documents; the one way in. */

import { z } from 'zod';
import type { PolicyDocument } from '../model.ts';
import { documentKey } from '../model.ts';
import { readCiliumPolicy } from './cilium-policy.ts';
import { type DocumentProblem, formatFound, PolicyDocumentError } from './document-error.ts';
import { type LocatedDocument, readDocuments, valueAt } from './located-document.ts';
import { readNetworkPolicy } from './network-policy.ts';
import { checkShape } from './schema-problems.ts';

/** Where documents are that name no namespace. */
export const DEFAULT_NAMESPACE = 'default';

/** How to read a file. */
export interface ParseOptions {
  /** For messages. */
  readonly file: string;
  /** Namespace of documents that name none. {@link DEFAULT_NAMESPACE} where absent. */
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
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PolicyDocumentError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const all = readDocuments(text, options.file);
  for (const located of all.flatMap((each) => attempt(() => itemsOf(each)) ?? [])) {
    const document = attempt(() => readOne(located, options.defaultNamespace ?? DEFAULT_NAMESPACE));
    if (!document) continue;
    const key = documentKey(document);
    if (seen.has(key)) {
      problems.push(located.problem(['metadata', 'name'], `${key} appears twice in this file`));
    }
    seen.add(key);
    documents.push(document);
  }
  if (problems.length > 0) throw new PolicyDocumentError(byLine(problems));
  return documents;
}

/** As somebody goes through the file. */
function byLine(problems: readonly DocumentProblem[]): DocumentProblem[] {
  return problems.toSorted((left, right) => left.line - right.line);
}

/** The policy of a document. @throws PolicyDocumentError */
export function readOne(document: LocatedDocument, defaultNamespace: string): PolicyDocument {
  const kind = valueAt(document.value, ['kind']);
  const reader = typeof kind === 'string' && Object.hasOwn(READERS, kind) && READERS[kind];
  if (reader) return reader(document, defaultNamespace);
  const expected = Object.keys(READERS).join(', ');
  const detail = `found ${formatFound(kind)}, expected one of ${expected}`;
  throw new PolicyDocumentError([document.problem(['kind'], detail)]);
}

const list = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.unknown().optional(),
  items: z.array(z.looseObject({})),
});

/**
 * The items of a `List` or of a list of one kind, or the document itself. What a list of one kind
 * says, its items need not say again.
 *
 * @throws PolicyDocumentError
 */
export function itemsOf(document: LocatedDocument): LocatedDocument[] {
  const found = valueAt(document.value, ['kind']);
  const kind = Object.keys(READERS).find((each) => found === `${each}List`);
  if (found !== 'List' && !kind) return [document];
  const { apiVersion, items } = checkShape(list, document, {});
  return items.map((_, index) => {
    const item = document.part(['items', index]);
    return kind ? { ...item, value: { apiVersion, kind, ...(item.value as object) } } : item;
  });
}
