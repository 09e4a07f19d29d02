/** Several files at once: all of them are understood, or none is used. */
import { documentKey, type PolicyDocument } from '../model.ts';
import { type DocumentProblem, PolicyDocumentError } from './document-error.ts';
import { parsePolicies } from './parse.ts';

const NONE = 'found no policy, expected one (is the file whole?)';

/** A file of policies, read. */
export interface PolicyFile {
  /** Its name, for messages. */
  readonly file: string;
  readonly text: string;
}

/** A file of policies, understood. */
export interface ParsedFile extends PolicyFile {
  readonly documents: readonly PolicyDocument[];
}

/**
 * @throws PolicyDocumentError with the problems of all files, also of a policy that two of them
 *   have, and of a file without any: whoever names it believes that it has some
 */
export function parsePolicyFiles(files: readonly PolicyFile[]): ParsedFile[] {
  const problems: DocumentProblem[] = [];
  const owners = new Map<string, string>();
  const parsed = files.map((each): ParsedFile => {
    const documents = documentsOf(each, problems);
    if (documents?.length === 0)
      problems.push({ file: each.file, line: 1, path: '', detail: NONE });
    for (const document of documents ?? []) {
      const key = documentKey(document);
      const other = owners.get(key);
      owners.set(key, each.file);
      if (other === undefined) continue;
      const detail = `${key} is in ${other}, too`;
      problems.push({ ...document.position, path: 'metadata.name', detail });
    }
    return { ...each, documents: documents ?? [] };
  });
  if (problems.length > 0) throw new PolicyDocumentError(problems);
  return parsed;
}

/** `undefined` where there are problems with it. */
function documentsOf(
  { file, text }: PolicyFile,
  problems: DocumentProblem[],
): PolicyDocument[] | undefined {
  try {
    return parsePolicies(text, { file });
  } catch (error) {
    if (!(error instanceof PolicyDocumentError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
