/** Which file imports which: cycles, files that nothing reaches, files that no test reaches. */
import { posix } from 'node:path';
import ts from '@typescript/typescript6';
import type { Finding } from './finding.ts';
import { type Import, isTest, type Source, walk } from './source.ts';

/** Where running or reading starts: nothing of ours imports these. */
const entryFile = /\/(index|build|([\w-]+-)?main)\.ts$/;

interface Edge {
  readonly to: string;
  readonly by: Import;
}

type Edges = ReadonlyMap<string, readonly Edge[]>;

/** The files that are there for more than tests: what an index, a main or a build reaches. */
export function productFiles(
  sources: readonly Source[],
  isStart: (path: string) => boolean = () => false,
): Set<string> {
  const paths = sources.map((source) => source.path);
  return reach(
    edgesOf(sources),
    paths.filter((path) => entryFile.test(path) || isStart(path)),
  );
}

/**
 * Relative imports without `.ts`, import cycles, and files that nothing or no test reaches.
 *
 * @param isStart tells more files that are run as they are, such as an example.
 */
export function checkGraph(
  sources: readonly Source[],
  isStart: (path: string) => boolean = () => false,
): Finding[] {
  const edges = edgesOf(sources);
  const programs = sources.filter(isKernelProgram).map((source) => source.path);
  const isEntry = (path: string): boolean =>
    entryFile.test(path) || isStart(path) || programs.includes(path);
  const paths = sources.map((source) => source.path);
  const used = reach(
    edges,
    paths.filter((path) => isEntry(path) || isTest(path)),
  );
  const tested = reach(edges, [...paths.filter(isTest), ...programs]);
  const dead = paths.filter((path) => !used.has(path));
  const untested = sources
    .filter(({ path, tree }) => used.has(path) && !tested.has(path) && hasCode(tree))
    .map((source) => source.path)
    .filter((path) => !isEntry(path));
  return [
    ...sources.flatMap(extensions),
    ...cycles(edges),
    ...dead.map((file) => ({
      file,
      line: 0,
      rule: 'dead-file',
      found: 'no index, main, build or test that reaches it',
      expected: 'an import of it, or no such file',
    })),
    ...untested.map((file) => ({
      file,
      line: 0,
      rule: 'untested-file',
      found: 'no test that reaches it by imports',
      expected: 'a test beside it, or beside what uses it',
    })),
  ];
}

/** Whether anything in the file can go wrong: types, tables and layouts are proven by use. */
function hasCode(tree: ts.SourceFile): boolean {
  let found = false;
  walk(tree, (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) found = true;
  });
  return found;
}

/** Compiled by the build and run by packet tables: no import leads to it. */
function isKernelProgram({ lines }: Source): boolean {
  return lines.some((line) => /^\s*(\/\*)?\*.*@program\b/.test(line));
}

function edgesOf(sources: readonly Source[]): Edges {
  const known = new Set(sources.map((source) => source.path));
  return new Map(
    sources.map(({ path, imports }) => {
      const relative = imports.filter((one) => one.from.startsWith('.'));
      const edges = relative.map((by) => ({ to: posix.join(posix.dirname(path), by.from), by }));
      return [path, edges.filter(({ to }) => known.has(to))];
    }),
  );
}

function reach(edges: Edges, starts: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const pending = [...starts];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    pending.push(...(edges.get(path) ?? []).map((edge) => edge.to));
  }
  return reached;
}

function extensions({ path, imports }: Source): Finding[] {
  const wrong = imports.filter(({ from }) => from.startsWith('.') && !/\.(ts|json)$/.test(from));
  return wrong.map(({ from, line }) => ({
    file: path,
    line,
    rule: 'import-extension',
    found: `'${from}'`,
    expected: "the source's own name, ending in .ts",
  }));
}

/** Each cycle once, at the import that closes it. Types count: a cycle of types is one module. */
function cycles(edges: Edges): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return;
    for (const { to, by } of edges.get(path) ?? []) {
      const start = [...trail, path].indexOf(to);
      if (start >= 0) findings.push(cycleFinding(path, by, [...trail, path].slice(start)));
      else visit(to, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return findings;
}

function cycleFinding(file: string, by: Import, cycle: readonly string[]): Finding {
  const names = [...cycle, cycle[0] ?? ''].map((path) => posix.basename(path));
  return {
    file,
    line: by.line,
    rule: 'import-cycle',
    found: names.join(' -> '),
    expected: 'imports in one direction',
  };
}
