/** Files of our own kinds: one YAML document each, read with the line of each part. */
import {
  formatFound,
  type LocatedDocument,
  PolicyDocumentError,
  readDocuments,
  valueAt,
} from '@skep/policy';

const API_VERSION = 'skep.dev/v1';

/**
 * The one document of a file. Of a document of another kind everything else is wrong too, so only
 * that is told.
 *
 * @throws PolicyDocumentError
 */
export function readDocument(text: string, file: string, kind: string): LocatedDocument {
  const [document, second] = readDocuments(text, file);
  if (!document || second) {
    const found = document ? 'several documents' : 'nothing';
    const detail = `found ${found}, expected one of kind ${kind}`;
    const place = second?.problem([], detail) ?? { file, line: 1, path: '', detail };
    throw new PolicyDocumentError([place]);
  }
  const expected = { apiVersion: API_VERSION, kind };
  const problems = Object.entries(expected).flatMap(([key, wanted]) => {
    const found = valueAt(document.value, [key]);
    if (found === wanted) return [];
    return [document.problem([key], `found ${formatFound(found)}, expected ${wanted}`)];
  });
  if (problems.length > 0) throw new PolicyDocumentError(problems);
  return document;
}
