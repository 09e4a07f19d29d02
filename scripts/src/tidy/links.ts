/** Links between documents and to sources: a page that names a file that is gone misleads. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finding } from './finding.ts';

/**
 * Links of markdown pages, relative to `root`, that lead to no file. Links out of the project pass.
 */
export function checkLinks(root: string, pages: readonly string[]): Finding[] {
  return pages.flatMap((page) => {
    const lines = readFileSync(join(root, page), 'utf8').split('\n');
    return lines.flatMap((text, index) => {
      const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
      const broken = targets.filter((target) => {
        return !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target));
      });
      return broken.map((target) => ({
        file: page,
        line: index + 1,
        rule: 'broken-link',
        found: target,
        expected: 'a file of the project',
      }));
    });
  });
}
