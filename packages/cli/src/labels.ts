/** Labels as people write them. */
import { LabelError, parseLabel } from '@skep/policy';
import { CommandError } from './output.ts';

/**
 * Reads `key=value` texts.
 *
 * @param operation what an error begins with
 * @throws CommandError
 */
export function readLabels(texts: readonly string[], operation: string): Record<string, string> {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const [key, value, ...rest] = text.split('=');
    if (!key || value === undefined || rest.length > 0) {
      throw new CommandError(`${operation}: found '${text}', expected key=value`);
    }
    if (/[\s\p{C}]/u.test(key)) {
      const expected = 'a key without spaces and control characters';
      throw new CommandError(`${operation}: found '${text}', expected ${expected}`);
    }
    if (/\p{C}/u.test(value)) {
      const expected = 'a value without control characters';
      throw new CommandError(`${operation}: found '${text}', expected ${expected}`);
    }
    checkLabel(text, operation);
    if (labels.has(key)) {
      throw new CommandError(`${operation}: found '${key}' twice, expected it once`);
    }
    labels.set(key, value);
  }
  return Object.fromEntries(labels);
}

/** What policy would not read as a label. @throws CommandError */
function checkLabel(text: string, operation: string): void {
  try {
    parseLabel(text);
  } catch (error) {
    if (!(error instanceof LabelError)) throw error;
    throw new CommandError(`${operation}: found '${text}', expected ${error.expected}`);
  }
}
