/**
 * Which tests run on every kernel. Emulation is 10 to 30 times slower: what is not chosen here
 * touches no kernel, or compiles and interprets what is the same on each. Examples, packet tables
 * and the agent compile the programs that they run, which takes minutes there: that all programs
 * load is seen before the tests, and the rest can be asked for by name.
 */

const chosen = /^packages\/(sys|bpf|netlink)\/.*\.live$/;

/** The names of test files that matter on every kernel, among all. */
export function kernelTests(names: readonly string[]): string[] {
  return names.filter((name) => chosen.test(name));
}
