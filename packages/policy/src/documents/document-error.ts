/** What is wrong with a file of policies: every problem at its line and its path. */

/** One thing that was found where something else was expected. */
export interface DocumentProblem {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  /** Such as `spec.ingress[0].from[1].ipBlock.cidr`; empty for the document as a whole. */
  readonly path: string;
  /** Such as `found '10.0.0.0/40', expected an IPv4 or IPv6 prefix`. */
  readonly detail: string;
}

/** A file of policies that cannot be used; nothing of it was applied. */
export class PolicyDocumentError extends Error {
  readonly code = 'ERR_POLICY_DOCUMENT';
  constructor(readonly problems: readonly DocumentProblem[]) {
    super(problems.map(formatProblem).join('\n'));
  }
}

/** `file:line: path: detail`, in one line whatever signs the document has. */
export function formatProblem(problem: DocumentProblem): string {
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return escapeControls(`${problem.file}:${problem.line}: ${path}${problem.detail}`);
}

/** What would move a cursor, end a line or turn a text around, as JSON escapes it. */
function escapeControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => {
    const units = Array.from({ length: sign.length }, (_, index) => sign.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** A step into a document: a key or an index. */
export type PathStep = string | number;

/** `spec.ingress[0].ports`; keys that are no plain words are quoted. */
export function formatPath(path: readonly PathStep[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** A value as a message shows it. */
export function formatFound(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number') return `the number ${value}`;
  return String(value);
}
