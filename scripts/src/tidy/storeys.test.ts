import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSource } from './source.ts';
import { checkStoreys, type PartFacts } from './storeys.ts';

/** A package that imports what it is given, one import a line. */
function part(path: string, facts: Partial<PartFacts>, ...imports: string[]): PartFacts {
  const text = imports.map((from) => `import '${from}';`).join('\n');
  const sources = [parseSource(`${path}/src/a.ts`, text)];
  const product = new Set(sources.map((source) => source.path));
  const nothing = { references: [], dependencies: [], testDependencies: [] };
  return { path, ...nothing, sources, product, ...facts };
}

const wire = { references: ['wire'], dependencies: ['@skep/wire'] };
const sys = { references: ['sys'], dependencies: ['@skep/sys'] };

const cases: { name: string; have: PartFacts; want: string[] }[] = [
  { name: 'downwards', have: part('packages/policy', wire, '@skep/wire', 'node:fs'), want: [] },
  {
    name: 'upwards',
    have: part(
      'packages/wire',
      { references: ['agent'], dependencies: ['@skep/agent'] },
      '@skep/agent',
    ),
    want: ['packages/wire/tsconfig.json:0 storey'],
  },
  {
    name: 'the kernel, from the compiler',
    have: part('packages/compiler', sys, '@skep/sys'),
    want: ['packages/compiler/tsconfig.json:0 storey'],
  },
  {
    name: 'the kernel, from the agent',
    have: part('packages/agent', sys, '@skep/sys'),
    want: [],
  },
  {
    name: 'the kernel, from a test of the compiler',
    have: part(
      'packages/compiler',
      { references: ['sys'], testDependencies: ['@skep/sys'], product: new Set() },
      '@skep/sys',
    ),
    want: [],
  },
  {
    name: 'what is for tests, from the product',
    have: part(
      'packages/compiler',
      { references: ['sys'], testDependencies: ['@skep/sys'] },
      '@skep/sys',
    ),
    want: ['packages/compiler/src/a.ts:1 import'],
  },
  {
    name: 'an undeclared package of ours',
    have: part('packages/policy', {}, './b.ts', '@skep/wire'),
    want: ['packages/policy/src/a.ts:2 import'],
  },
  {
    name: 'an undeclared package of others',
    have: part('packages/policy', {}, 'zod'),
    want: ['packages/policy/src/a.ts:1 import'],
  },
  {
    name: "the root's packages, from a part without package.json",
    have: part('bench', { dependencies: undefined }, 'zod'),
    want: [],
  },
  {
    name: 'the one door',
    have: part('packages/sys', { dependencies: ['koffi'] }, 'koffi'),
    want: [],
  },
  {
    name: "another's door",
    have: part('packages/bpf', { dependencies: ['koffi'] }, 'koffi'),
    want: ['packages/bpf/src/a.ts:1 import'],
  },
  {
    name: 'a reference without dependency',
    have: part('packages/policy', { references: ['wire'] }, '@skep/wire'),
    want: ['packages/policy/package.json:0 package-edge'],
  },
  {
    name: 'a dependency without reference and use',
    have: part('packages/policy', { dependencies: ['@skep/wire'] }),
    want: [
      'packages/policy/tsconfig.json:0 package-edge',
      'packages/policy/package.json:0 unused-dependency',
    ],
  },
];

for (const { name, have, want } of cases) {
  test(name, () => {
    const found = checkStoreys(have).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
    assert.deepEqual(found, want);
  });
}
