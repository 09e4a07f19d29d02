/** What a schema says about a document, in the words and at the places that a person needs. */

import type { z } from 'zod';
import {
  type DocumentProblem,
  formatFound,
  type PathStep,
  PolicyDocumentError,
} from './document-error.ts';
import { type LocatedDocument, valueAt } from './located-document.ts';

/** Fields that exist in an API but not here yet, by name, with advice. */
export type UnsupportedFields = Readonly<Record<string, string>>;

/**
 * The document in the schema's shape.
 *
 * @throws PolicyDocumentError with all problems.
 */
export function checkShape<Schema extends z.ZodType>(
  schema: Schema,
  document: LocatedDocument,
  unsupported: UnsupportedFields,
): z.infer<Schema> {
  const result = schema.safeParse(document.value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) =>
    describeIssue(issue, document, unsupported),
  );
  throw new PolicyDocumentError(problems);
}

function describeIssue(
  issue: z.core.$ZodIssue,
  document: LocatedDocument,
  unsupported: UnsupportedFields,
): DocumentProblem[] {
  const path = issue.path.map((step): PathStep => (typeof step === 'symbol' ? '?' : step));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const reason = Object.hasOwn(unsupported, key) ? unsupported[key] : undefined;
      const detail = reason === undefined ? 'unknown field' : `not supported yet${reason}`;
      return document.problem([...path, key], detail);
    });
  }
  if (issue.code === 'invalid_key') {
    const found = `the key ${formatFound(path.at(-1))}`;
    const expected = issue.issues.map((each) => expectation(each)).join(', ');
    return [document.problem(path, `found ${found}, expected ${expected}`)];
  }
  const found = formatFound(valueAt(document.value, path));
  return [document.problem(path, `found ${found}, expected ${expectation(issue)}`)];
}

const EXPECTED_TYPES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
  string: 'a text',
};

/** Our schemas carry their expectation as message; types without one are named here. */
function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) {
    return issue.message;
  }
  return EXPECTED_TYPES[issue.expected] ?? `a ${issue.expected}`;
}
