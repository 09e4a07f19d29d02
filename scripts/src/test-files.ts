/** Which test files there are, and what they are called. */
import { join, relative } from 'node:path';
import { filesUnder, parts } from './project.ts';

/**
 * The built test files of all parts whose name contains one of the patterns; all of them without a
 * pattern. Absolute paths, the lowest storey first.
 */
export function testFiles(root: string, patterns: readonly string[]): string[] {
  const all = parts(root).flatMap((part) => {
    const folder = join(root, part.path, 'dist');
    const tests = filesUnder(folder).filter((file) => file.endsWith('.test.js'));
    return tests.map((file) => join(folder, file));
  });
  if (patterns.length === 0) return all;
  return all.filter((file) => patterns.some((pattern) => testName(root, file).includes(pattern)));
}

/** `packages/wire/dist/address.test.js`, or its source, is called `packages/wire/address`. */
export function testName(root: string, file: string): string {
  const path = relative(root, file).replaceAll('\\', '/');
  return path.replace(/\/(dist|src)\//, '/').replace(/\.test\.(js|ts)$/, '');
}

/** `packages/wire/dist/address.test.js` is of the part `packages/wire`. */
export function partName(root: string, file: string): string {
  return relative(root, file)
    .replaceAll('\\', '/')
    .replace(/\/(dist|src)\/.*/, '');
}
