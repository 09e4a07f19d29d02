/** SKEP_UPDATE=1 (`npm test -- --update`) writes the pages anew, to be read as a diff. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { diagnosticPages } from './pages.ts';

const testdata = fileURLToPath(new URL('../../testdata', import.meta.url));
const folder = fileURLToPath(new URL('../../../../docs/reference/diagnostics', import.meta.url));

/** The files of testdata whose names fit, by name. */
function files(pattern: RegExp): Map<string, string> {
  const names = readdirSync(testdata).filter((name) => pattern.test(name));
  return new Map(
    names.sort().map((name) => [name, readFileSync(path.join(testdata, name), 'utf8')]),
  );
}

const refused = [...files(/\.diagnostics$/).values()];
const good = [...files(/^good-.*\.ts$/).values()];
const programs = files(/^refused-.*\.ts$/);

test('the pages of the diagnostics are what the table and the programs make of them', () => {
  const pages = diagnosticPages({ refused, good, programs });
  if (process.env.SKEP_UPDATE === '1') {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of pages) writeFileSync(path.join(folder, name), text);
  }
  assert.deepEqual(readdirSync(folder).sort(), [...pages.keys()].sort());
  for (const [name, text] of pages) {
    const found = readFileSync(path.join(folder, name), 'utf8');
    assert.equal(found, text, `${name}: see \`npm test -- diagnostics/pages --update\``);
  }
});

test('a diagnostic without a program that shows it, or one that avoids it, is an error', () => {
  const none = { programs, refused: [], good: [] };
  assert.throws(() => diagnosticPages(none), /no refused program shows it/);
  assert.throws(() => diagnosticPages({ ...none, refused }), /no good program is marked with it/);
});
