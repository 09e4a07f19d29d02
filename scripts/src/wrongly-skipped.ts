/** A test that needs root must run where root is: a skip there hides a test that nobody runs. */

/** Reasons that only a lack of rights can have, whoever worded them. */
const aboutRights = /\b(root|not permitted|privileged|CAP_\w+|EPERM)\b/i;

/**
 * The tests that were skipped for want of rights that this machine gives.
 *
 * @param skips the tests by the reason that they gave
 */
export function wronglySkipped(
  skips: ReadonlyMap<string, readonly string[]>,
  hasRights: boolean,
): string[] {
  if (!hasRights) return [];
  return [...skips].filter(([reason]) => aboutRights.test(reason)).flatMap(([, tests]) => tests);
}
