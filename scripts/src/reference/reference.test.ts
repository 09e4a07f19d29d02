/** The generated pages are as their sources say; `npm test -- --update reference` writes them. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../project.ts';
import { dropReasonsPage } from './drop-reasons.ts';
import { identitiesPage } from './identities.ts';
import { limitsPage, limitsSource } from './limits.ts';
import { metricsPage } from './metrics.ts';
import { markdownTable } from './table.ts';

const pages = {
  'docs/internals/limits.md': () =>
    limitsPage(readFileSync(join(projectRoot, limitsSource), 'utf8')),
  'docs/reference/drop-reasons.md': dropReasonsPage,
  'docs/reference/identities.md': identitiesPage,
  'docs/reference/metrics.md': metricsPage,
};

for (const [path, make] of Object.entries(pages)) {
  test(`${path} is up to date`, () => {
    const file = join(projectRoot, path);
    if (process.env.SKEP_UPDATE) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, make());
    }
    assert.equal(readFileSync(file, 'utf8'), make());
  });
}

test('a table', () => {
  const have = markdownTable(['a', 'b'], [['1', 'x | y']]);
  assert.equal(have, '| a | b |\n| --- | --- |\n| 1 | x \\| y |\n');
});
