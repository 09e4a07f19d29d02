/**
 * Which tests run on every kernel. Emulation is 10 to 30 times slower: what is not chosen here
 * touches no kernel, or compiles and interprets what is the same on each. Examples compile
 * themselves, which takes minutes there: that their programs load is seen with all others.
 */

const chosen = [/^packages\/(sys|bpf|netlink)\/.*\.live$/, /^packages\/agent\/agent\.live$/];

/** The names of test files that matter on every kernel, among all. */
export function kernelTests(names: readonly string[]): string[] {
  return names.filter((name) => chosen.some((pattern) => pattern.test(name)));
}
