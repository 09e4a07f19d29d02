import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkGraph } from './graph.ts';
import { parseSource, type Source } from './source.ts';

const code = 'export const f = () => 1;';

function sources(files: Record<string, string>): Source[] {
  return Object.entries(files).map(([name, text]) => parseSource(`p/src/${name}`, text));
}

function found(files: Record<string, string>): string[] {
  return checkGraph(sources(files)).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

test('a file that index and a test reach is fine', () => {
  const files = {
    'index.ts': "export * from './a.ts';",
    'a.ts': `import { f } from './deep/b.ts'; ${code}`,
    'deep/b.ts': code,
    'a.test.ts': "import { f } from './a.ts';",
  };
  assert.deepEqual(found(files), []);
});

test('a file that nothing reaches is dead', () => {
  assert.deepEqual(found({ 'index.ts': '', 'a.ts': code }), ['p/src/a.ts:0 dead-file']);
});

test('code that no test reaches is untested, types are not', () => {
  const files = {
    'index.ts': "export * from './a.ts'; export * from './t.ts';",
    'a.ts': code,
    't.ts': 'export interface T { readonly a: number }',
  };
  assert.deepEqual(found(files), ['p/src/a.ts:0 untested-file']);
});

test('a cycle is told once, where it closes', () => {
  const files = {
    'index.ts': "import './a.ts';",
    'a.ts': "import './b.ts';",
    'b.ts': "\nimport type { A } from './a.ts';",
  };
  const findings = checkGraph(sources(files));
  assert.equal(findings.length, 1);
  assert.equal(findings[0]?.found, 'a.ts -> b.ts -> a.ts');
  assert.equal(findings[0]?.line, 2);
});

test('a worker named by its URL is reached', () => {
  const files = { 'main.ts': "new URL('./w.js', import.meta.url);", 'w.ts': 'postMessage(1);' };
  assert.deepEqual(found(files), []);
});

test('a kernel program is an entry, and tested by packet tables', () => {
  const program =
    "import { f } from './a.ts';\n/** Counts. @program count */\nexport function p() {}";
  assert.deepEqual(found({ 'count.ts': program, 'a.ts': code }), []);
});

test('a folder named by its URL is no import', () => {
  assert.deepEqual(found({ 'main.ts': "new URL('..', import.meta.url);" }), []);
});

test('a relative import ends in .ts', () => {
  assert.deepEqual(found({ 'index.ts': "import './a.js';" }), [
    'p/src/index.ts:1 import-extension',
  ]);
});
