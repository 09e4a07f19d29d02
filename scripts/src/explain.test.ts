import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { addSetting, runExplain } from './explain.ts';
import { projectRoot } from './project.ts';

const program = join(projectRoot, 'packages/compiler/testdata/load-time.ts');

test('a program is explained, one with an error is a failure', async () => {
  assert.equal(await runExplain([program, 'enforced=1', 'limit=60']), 0);
  const wrong = join(projectRoot, 'packages/compiler/testdata/refused-jumps.ts');
  assert.equal(await runExplain([wrong]), 1);
  assert.equal(await runExplain([join(projectRoot, 'scripts/src/project.ts')]), 1);
});

test('load-time constants are numbers by name', () => {
  assert.deepEqual(addSetting('mark=0x5', addSetting('limit=60')), { limit: 60n, mark: 5n });
});

const wrong: [string, string[], RegExp][] = [
  ['no file', [], /missing required argument 'file'/],
  ['a file that is not there', ['no-such-file.ts'], /no-such-file\.ts.* There is no such file/],
  ['a folder', ['examples'], /examples.* Expected a module of TypeScript \(\.ts\)\./],
  ['another file', ['README.md'], /README\.md.* Expected a module of TypeScript \(\.ts\)\./],
  ['a constant without a number', [program, 'limit=many'], /limit=many.* Expected NAME=NUMBER/],
  ['an unknown option', [program, '--wacth'], /unknown option '--wacth'/],
];
for (const [name, words, message] of wrong) {
  test(`${name} is refused`, async () => {
    await assert.rejects(runExplain(words), message);
  });
}
