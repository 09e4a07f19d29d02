import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyDocumentError } from './document-error.ts';
import { parsePolicyFiles } from './parse-files.ts';

const HEAD = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n';
const policy = (name: string, spec = '{ podSelector: {} }'): string =>
  `${HEAD}metadata: { name: ${name} }\nspec: ${spec}\n`;

/** Of files a, b, ... of such texts. */
function parse(...texts: readonly string[]) {
  return parsePolicyFiles(texts.map((text, index) => ({ file: `${'abc'[index]}.yaml`, text })));
}

function problems(...texts: readonly string[]): string[] {
  try {
    parse(...texts);
  } catch (error) {
    assert.ok(error instanceof PolicyDocumentError);
    return error.message.split('\n');
  }
  return [];
}

test('each file has its own documents', () => {
  const parsed = parse(policy('one'), `${policy('two')}---\n${policy('three')}`);
  const names = parsed.map(({ file, documents }) => [file, ...documents.map(({ name }) => name)]);
  assert.deepEqual(names, [
    ['a.yaml', 'one'],
    ['b.yaml', 'two', 'three'],
  ]);
});

test('the problems of all files are told, by line', () => {
  const wrong = policy('one', '\n  podSelector: {}\n  tiers: 1\n  policyTypes: [In]');
  assert.deepEqual(problems(wrong, policy('two'), policy('three', '{ tiers: 1 }')), [
    'a.yaml:6: spec.tiers: unknown field',
    "a.yaml:7: spec.policyTypes[0]: found 'In', expected Ingress or Egress",
    'c.yaml:4: spec.tiers: unknown field',
  ]);
});

test('a file without a policy is refused: it may have been cut off', () => {
  for (const text of ['', '# nothing\n---\n', 'kind: List\napiVersion: v1\nitems: []\n']) {
    assert.deepEqual(problems(policy('one'), text), [
      'b.yaml:1: found no policy, expected one (is the file whole?)',
    ]);
  }
});

test('one policy in two files is refused', () => {
  const [problem] = problems(policy('one'), policy('one'));
  assert.match(problem!, /^b\.yaml:1: metadata\.name: .*default\/one is in a\.yaml, too$/);
});
