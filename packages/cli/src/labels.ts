/** Labels as people write them. */
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
    if (labels.has(key)) {
      throw new CommandError(`${operation}: found '${key}' twice, expected it once`);
    }
    labels.set(key, value);
  }
  return Object.fromEntries(labels);
}
