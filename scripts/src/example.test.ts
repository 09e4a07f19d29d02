import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleList, runExample } from './example.ts';
import { projectRoot } from './project.ts';

test('the list has every example, with what it shows', () => {
  const lines = exampleList(projectRoot).split('\n');
  const at = lines.indexOf('count-packets');
  assert.match(lines[at + 1] ?? '', /^ {2}a kernel program that counts/);
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.doesNotMatch(lines.join('\n'), /^ *\n {4}$|lib\/|test/m);
});

test('an example that is not there is a failure', async () => {
  assert.equal(await runExample(projectRoot, ['no-such-example']), 1);
});
