/**
 * Golden tests: each testdata/NAME.ts beside what it must become: NAME.ir and NAME.listing, or
 * NAME.diagnostics. SKEP_UPDATE=1 (`npm test -- --update`) writes them anew, to be read as a diff.
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkProgram, formatProgram, parseObject, serialiseObject } from '@skep/bytecode';
import { compileProgram } from '../codegen/compile-program.ts';
import { formatDiagnostics } from '../diagnostics/report.ts';
import { diagnosticTable } from '../diagnostics/table.ts';
import type { IrProgram } from '../ir/ir.ts';
import { printProgram } from '../ir/print.ts';
import { loadTimeNames } from '../ir/specialise.ts';
import { parsePrograms } from '../ir/parse-programs.ts';
import { writePrograms } from '../ir/write-programs.ts';
import { type CompiledModule, compileModule } from './compile.ts';
import { testTargets } from './testing/test-targets.ts';

const folder = fileURLToPath(new URL('../../testdata', import.meta.url));
const isUpdate = process.env.SKEP_UPDATE === '1';
const cases = readdirSync(folder).filter((name) => name.endsWith('.ts'));

/**
 * The code for the oldest kernel, then what newer ones get where it differs. Load-time constants
 * are bound to 1, 2, ... in order of use.
 */
function listingOf(program: IrProgram): string {
  const names = loadTimeNames(program);
  const loadTime = Object.fromEntries(names.map((name, index) => [name, index + 1]));
  const listings = new Map<string, string>();
  for (const [name, target] of Object.entries(testTargets)) {
    const object = compileProgram(program, { loadTime, target, verifies: true });
    assert.equal(checkProgram(object)?.message, undefined);
    assert.deepEqual(parseObject(serialiseObject(object)), object, 'as read from bytes');
    const text = formatProgram(object);
    if (!listings.has(text)) listings.set(text, `${program.name} on ${name}`);
  }
  const [first, ...others] = listings.keys();
  const rest = others.map((text) => `${listings.get(text)}\n${text}`);
  return [`${program.name}\n${first}`, ...rest].join('\n');
}

/** Compiled once for all tests of this file. */
const compiled = new Map<string, Promise<CompiledModule>>();

function compile(name: string): Promise<CompiledModule> {
  const module = compiled.get(name) ?? compileModule(path.join(folder, name), { folder });
  compiled.set(name, module);
  return module;
}

function expect(file: string, text: string | null): void {
  const place = path.join(folder, file);
  if (isUpdate) {
    if (text === null) rmSync(place, { force: true });
    else writeFileSync(place, text);
    return;
  }
  const expected = existsSync(place) ? readFileSync(place, 'utf8') : null;
  assert.equal(text, expected, `${file} differs: see \`npm test -- --update\``);
}

for (const name of cases) {
  const stem = name.replace(/\.ts$/, '');
  test(`golden: ${stem}`, async () => {
    const { programs, diagnostics } = await compile(name);
    const isGood = diagnostics.length === 0;
    const shown = formatDiagnostics(diagnostics, { folder });
    assert.ok(!isGood || programs.length > 0, `${name} has no program`);
    expect(`${stem}.diagnostics`, isGood ? null : shown);
    const ir = programs.map((program) => `${printProgram(program)}\n`).join('\n');
    expect(`${stem}.ir`, isGood ? ir : null);
    const listings = programs.map(listingOf);
    // What ships is the same program: its values are numbered anew, its code is equal.
    const shipped = parsePrograms(writePrograms(programs));
    assert.deepEqual(shipped.map(listingOf), listings, 'as read from a file');
    expect(`${stem}.listing`, isGood ? listings.join('\n') : null);
  });
}

test('every diagnostic has a case', () => {
  const shown = readdirSync(folder)
    .filter((name) => name.endsWith('.diagnostics'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('');
  const names = Object.entries(diagnosticTable)
    .filter(([, { code }]) => !shown.includes(`SKEP${code}: `))
    .map(([name]) => name);
  assert.deepEqual(names, [], 'no refused-*.ts shows these');
});

test('compiling twice, from two folders, gives the same bytes', async () => {
  // Within the package, where what the modules import is found.
  const other = mkdtempSync(path.join(import.meta.dirname, 'copy-'));
  try {
    cpSync(folder, other, { recursive: true });
    for (const name of cases.filter((each) => !each.startsWith('refused'))) {
      const first = await compile(name);
      const second = await compileModule(path.join(other, name), { folder: other });
      assert.equal(writePrograms(second.programs), writePrograms(first.programs), name);
      assert.deepEqual(second.programs.map(listingOf), first.programs.map(listingOf), name);
    }
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
});
