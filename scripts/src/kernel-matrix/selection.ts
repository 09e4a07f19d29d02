/**
 * Which tests run on every kernel. Emulation is 10 to 30 times slower: what is not chosen here
 * touches no kernel, or compiles and interprets what is the same on each.
 */

/** What differs between kernels: what a kernel takes, and where programs are attached. */
const chosen = [
  /^packages\/(bpf|netlink)\/.*\.live$/,
  /^packages\/datapath\/packets\.kernel$/,
  /^packages\/agent\/(agent|netkit)\.live$/,
];

/** What shows less of a kernel for more time: that all programs load is seen before the tests. */
const rest = [
  /^packages\/sys\/.*\.live$/,
  /^packages\/datapath\/packets\.live$/,
  /^packages\/agent\/daemon\.live$/,
  /^packages\/lab\/(lab|masquerade)\.live$/,
  /^examples\/.*\.live$/,
];

/**
 * The names of test files that matter on every kernel, among all.
 *
 * @param areAll also those that show less of a kernel for more time
 */
export function kernelTests(names: readonly string[], areAll: boolean): string[] {
  const patterns = areAll ? [...chosen, ...rest] : chosen;
  return names.filter((name) => patterns.some((pattern) => pattern.test(name)));
}
