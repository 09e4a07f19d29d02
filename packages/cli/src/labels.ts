/** Labels as people write them. */
import { CommandError } from './output.ts';

/**
 * Reads `key=value` texts.
 *
 * @param operation what an error begins with
 * @throws CommandError
 */
export function readLabels(texts: readonly string[], operation: string): Record<string, string> {
  const labels = texts.map((text): [string, string] => {
    const [key, value, ...rest] = text.split('=');
    if (!key || value === undefined || rest.length > 0) {
      throw new CommandError(`${operation}: found '${text}', expected key=value`);
    }
    return [key, value];
  });
  return Object.fromEntries(labels);
}
