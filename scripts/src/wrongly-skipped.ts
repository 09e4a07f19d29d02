/** A skip for want of what is there hides a test that nobody runs: of rights, of the kernel. */

/** Reasons that only a lack of rights can have, whoever worded them. */
const aboutRights = /\b(root|not permitted|privileged|CAP_\w+|EPERM)\b/i;
/**
 * Reasons that only a lack of the kernel can have: `tcx: needs Linux 6.6, this is 6.1.0`. Where the
 * kernel has to be built for it, its number tells nothing: `needs Linux 6.7 with CONFIG_NETKIT`.
 */
const aboutKernel = /\bneeds Linux (\d+\.\d+)\b(?! with)/;

/**
 * The tests that were skipped for want of rights that this machine gives, or of something that its
 * kernel should have had.
 *
 * @param skips the tests by the reason that they gave
 * @param release of the kernel, such as `6.1.0-56-amd64`
 */
export function wronglySkipped(
  skips: ReadonlyMap<string, readonly string[]>,
  hasRights: boolean,
  release: string,
): string[] {
  if (!hasRights) return [];
  return [...skips].filter(([reason]) => isWrong(reason, release)).flatMap(([, tests]) => tests);
}

function isWrong(reason: string, release: string): boolean {
  const since = aboutKernel.exec(reason)?.[1];
  if (since === undefined) return aboutRights.test(reason);
  return release.localeCompare(since, 'en', { numeric: true }) >= 0;
}
