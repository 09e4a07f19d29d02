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

/** One batch for each part of the project: its tests need the same modules. In the files' order. */
export function makeBatches(
  files: readonly string[],
  partOf: (file: string) => string,
): TestBatches {
  const folder = mkdtempSync(join(tmpdir(), 'skep-tests-'));
  const imports = new Map<string, string>();
  for (const file of files) {
    const line = `import ${JSON.stringify(pathToFileURL(file).href)};\n`;
    imports.set(partOf(file), (imports.get(partOf(file)) ?? '') + line);
  }
  const batches = [...imports].map(([part, text]) => {
    const path = join(folder, `${part.replaceAll('/', '-')}.mjs`);
    writeFileSync(path, text);
    return path;
  });
  return { files: batches, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
