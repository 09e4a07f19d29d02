import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileModule } from './compile.ts';

test('a file that has changed is read again', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'skep-project-'));
  const file = path.join(folder, 'module.ts');
  try {
    const found: string[][] = [];
    for (const text of ['export {};\n', 'export const a = ;\n', 'export {};\n']) {
      writeFileSync(file, text);
      const { diagnostics } = await compileModule(file, { folder });
      found.push(diagnostics.map(({ message }) => message));
    }
    assert.deepEqual(found, [[], ['Expression expected.'], []]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a module of a package of CommonJS is taken for what it is run as', async () => {
  // Within the package, where what it imports is found.
  const folder = mkdtempSync(fileURLToPath(new URL('../common-', import.meta.url)));
  const file = path.join(folder, 'module.ts');
  try {
    writeFileSync(path.join(folder, 'package.json'), '{}');
    const text = `
import type { u32 } from '@skep/ebpf';
import { XdpAction, type XdpContext } from '@skep/ebpf';
export const LIMIT: u32 = await Promise.resolve(import.meta.url.length);
export function limited(ctx: XdpContext): XdpAction {
  return ctx.length > LIMIT ? XdpAction.Drop : XdpAction.Pass;
}
`;
    writeFileSync(file, text);
    const { programs, diagnostics } = await compileModule(file, { folder });
    assert.deepEqual(
      diagnostics.map(({ code, message }) => `${code} ${message}`),
      [],
    );
    assert.deepEqual(
      programs.map(({ name }) => name),
      ['limited'],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
