/** What only some readers of YAML see, or see otherwise: nothing of it comes into a policy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocuments } from './located-document.ts';
import { PolicyDocumentError } from './document-error.ts';

const HEAD = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
`;

const REFUSED: readonly { name: string; have: string; want: readonly string[] }[] = [
  {
    name: 'tags of YAML, whose values have no fields that anybody sees',
    have: `${HEAD}spec:
  podSelector: !!set {matchLabels}
  ingress:
  - from:
    - podSelector: !!omap [matchLabels: {app: web}]
    - podSelector: !!timestamp 2001-12-14`,
    want: [
      'shop.yaml:5: found the tag tag:yaml.org,2002:set, expected none',
      'shop.yaml:8: found the tag tag:yaml.org,2002:omap, expected none',
      'shop.yaml:9: found the tag tag:yaml.org,2002:timestamp, expected none',
    ],
  },
  {
    name: 'a date, as YAML 1.1 has it',
    have: `%YAML 1.1\n---\n${HEAD}spec: {podSelector: 2001-12-14}`,
    want: ['shop.yaml:6: found a value that is no text or number'],
  },
  {
    name: 'keys that are left out, or that stand there twice in disguise',
    have: `${HEAD}spec:
  podSelector: {matchLabels: {__proto__: web}}
  &list ingress: []
  *list : [{}]
  ? [egress]
  : []`,
    want: [
      'shop.yaml:5: found the key __proto__, expected another',
      'shop.yaml:7: found a key that is no text, expected a text',
      'shop.yaml:8: found a key that is no text, expected a text',
    ],
  },
  {
    name: 'a number and a text that are the same key',
    have: `${HEAD}spec: {podSelector: {matchLabels: {1: a, '1': b}}}`,
    want: ['shop.yaml:4: not YAML: Map keys must be unique'],
  },
  {
    name: 'numbers that are octal elsewhere',
    have: `${HEAD}spec: {ingress: [{ports: [{port: 0120, endPort: 00200}]}]}`,
    want: [
      'shop.yaml:4: found 0120, expected a number without a zero before it',
      'shop.yaml:4: found 00200, expected a number without a zero before it',
    ],
  },
];

for (const { name, have, want } of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => readDocuments(have, 'shop.yaml'),
      (error) => {
        assert.ok(error instanceof PolicyDocumentError);
        assert.deepEqual(error.message.split('\n'), want);
        return true;
      },
    );
  });
}

test('tags of plain values, aliases and numbers are what they are', () => {
  const text = 'a: !!str 80\nb: &two {c: 0}\nd: *two\ne: [0.5, -0, 0x10, 10, "010"]';
  const [document] = readDocuments(text, 'shop.yaml');
  assert.deepEqual(document!.value, {
    ...{ a: '80', b: { c: 0 }, d: { c: 0 } },
    e: [0.5, -0, 16, 10, '010'],
  });
});

/** Texts that are nested this deeply, a level in each form that YAML has for it. */
function nested(levels: number): string[] {
  const lines = Array.from({ length: levels }, (_, level) => `${' '.repeat(level)}a:`);
  return [
    `\n${'['.repeat(levels)}${']'.repeat(levels)}`,
    `\n${'{a: '.repeat(levels)}0${'}'.repeat(levels)}`,
    `\n${'[a: '.repeat(levels)}0${']'.repeat(levels)}`,
    `\n${'- '.repeat(levels)}0`,
    `\n${'['.repeat(levels)}`,
    `\n${lines.join('\n')} 0`,
  ];
}

test('what is nested too deeply is refused where it is, however often it is read', () => {
  for (const text of nested(5000)) {
    for (let time = 0; time < 20; time++) {
      assert.throws(
        () => readDocuments(text, 'deep.yaml'),
        (error: Error) => {
          assert.ok(error instanceof PolicyDocumentError);
          const line = text.startsWith('\na') ? 66 : 2;
          const found = 'found more than 64 levels of lists and mappings';
          assert.equal(error.message, `deep.yaml:${line}: ${found}, expected at most that`);
          return true;
        },
      );
    }
  }
});

test('64 levels are read', () => {
  for (const text of nested(64).filter((each) => !each.endsWith('['))) {
    const [document] = readDocuments(text, 'deep.yaml');
    assert.ok(JSON.stringify(document!.value).replaceAll(/[^[{]/g, '').length >= 64);
    assert.throws(() => readDocuments(`a:\n ${text.trimStart().replaceAll('\n', '\n ')}`, 'x'));
  }
});
