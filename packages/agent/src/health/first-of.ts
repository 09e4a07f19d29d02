/** Names in sentences. */

const NAMES_MAX = 3;

/** As many names as are worth reading. */
export function firstOf(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  const first = names.slice(0, NAMES_MAX).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}
