/** Test files joined: a process for many, where starting one takes longer than most tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Files that import test files; events of node:test still name the test's own file. */
export interface TestBatches {
  readonly files: readonly string[];
  remove(): void;
}

/** Deals the files out to `count` batches, or fewer where there are fewer files. */
export function makeBatches(files: readonly string[], count: number): TestBatches {
  const folder = mkdtempSync(join(tmpdir(), 'skep-tests-'));
  const batches = Array.from({ length: Math.min(count, files.length) }, (_, batch) => {
    const mine = files.filter((_, index) => index % count === batch);
    const path = join(folder, `batch-${batch + 1}.mjs`);
    const imports = mine.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)};\n`);
    writeFileSync(path, imports.join(''));
    return path;
  });
  return { files: batches, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
