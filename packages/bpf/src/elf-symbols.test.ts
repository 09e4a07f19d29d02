import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFunction, SymbolError } from './elf-symbols.ts';

const isElf = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

test('a function of node itself is found, one that there is not is refused', {
  skip: !isElf,
}, () => {
  assert.ok(findFunction(process.execPath, 'napi_create_function') > 0);
  assert.throws(() => findFunction(process.execPath, 'no_such_function'), /no such function/);
});

test('other files, and files that are cut off, are refused', { skip: !isElf }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-elf-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'cut');
  const begin = readFileSync(process.execPath).subarray(0, 4096);
  for (const length of [0, 3, 63, 64, 4096]) {
    writeFileSync(path, begin.subarray(0, length));
    assert.throws(() => findFunction(path, 'napi_create_function'), SymbolError, `${length} bytes`);
  }
  writeFileSync(path, 'plain text that is longer than the header of an ELF file, for certain');
  assert.throws(() => findFunction(path, 'x'), /no ELF file of 64 bits/);
});
