import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../project.ts';
import { readGlossary, splitName } from './glossary.ts';
import { parseSource } from './source.ts';
import { checkWords } from './words.ts';

const synonyms = readGlossary(`
# Words

| word | meaning | not |
|---|---|---|
| tuple | five fields | \`flowKey\`, key |
| endpoint | one workload | \`ep\` |
`);

// Put together here, so that this file does not say it.
const promise = ['keep', 'these', 'in', 'sync'].join(' ');
const task = ['TO', 'DO'].join('');

const cases = [
  { name: 'the glossary word', have: 'const tuple = 1;', want: [] },
  { name: 'a synonym', have: 'const flowKey = 1;', want: ["'flowKey' in the name flowKey"] },
  {
    name: 'inside a name',
    have: 'class XdpFlowKeyMap {}',
    want: ["'flowKey' in the name XdpFlowKeyMap"],
  },
  { name: 'a parameter', have: 'function f(ep: 1) {}', want: ["'ep' in the name ep"] },
  { name: 'part of a word', have: 'const step = deep;', want: [] },
  { name: 'advice only', have: 'const key = 1;', want: [] },
  { name: 'a name that others chose', have: 'const a = { ep: 1 }; b.ep;', want: [] },
  { name: 'a promise', have: `// ${promise}`, want: [`'${promise}'`] },
  { name: 'a task without issue', have: `// ${task}: more`, want: [`'${task}'`] },
  { name: 'a task with its issue', have: `// ${task} #12: more`, want: [] },
];

for (const { name, have, want } of cases) {
  test(name, () => {
    const findings = checkWords(parseSource('a.ts', have), synonyms);
    assert.deepEqual(
      findings.map((finding) => finding.found),
      want,
    );
  });
}

test('names split into words', () => {
  assert.deepEqual(splitName('IPv4FlowKey_TCP2'), ['i', 'pv', 'flow', 'key', 'tcp']);
});

test("the project's own glossary is such a table", () => {
  const own = readGlossary(readFileSync(join(projectRoot, 'GLOSSARY.md'), 'utf8'));
  assert.ok(own.some((synonym) => synonym.text === 'flowKey' && synonym.use === 'tuple'));
});

test('another table is refused', () => {
  assert.throws(() => readGlossary('| a | b |\n|---|---|'), /expected word, not/);
});
