/** Style as a failing check: reads every source and reports what is not as agreed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { filesUnder, type Part, parts, readJson } from '../project.ts';
import { checkDocs } from './docs.ts';
import type { Finding } from './finding.ts';
import { readGlossary } from './glossary.ts';
import { checkGraph, productFiles } from './graph.ts';
import { checkLinks } from './links.ts';
import { checkSizes } from './sizes.ts';
import { parseSource, type Source } from './source.ts';
import { checkStoreys, type PartFacts } from './storeys.ts';
import { checkWords } from './words.ts';

/**
 * Checks the project in `root`; findings come part by part, in the order of the files.
 *
 * @throws Error when GLOSSARY.md has no table.
 */
export function tidy(root: string): Finding[] {
  const synonyms = readGlossary(readFileSync(join(root, 'GLOSSARY.md'), 'utf8'));
  const pages = filesUnder(join(root, 'docs')).map((file) => `docs/${file}`);
  const links = checkLinks(
    root,
    [...rootPages(root), ...pages].filter((page) => page.endsWith('.md')),
  );
  const all = parts(root).flatMap((part) => {
    const sources = sourcesOf(root, part);
    const perFile = sources.flatMap((source) => [
      ...checkSizes(source),
      ...checkDocs(source),
      ...checkWords(source, synonyms),
    ]);
    const starts = startsOf(root, part);
    const isStart = (path: string): boolean => part.name === 'examples' || starts.includes(path);
    return [
      ...perFile,
      ...checkGraph(sources, isStart),
      ...checkStoreys(factsOf(root, part, sources, productFiles(sources, isStart))),
    ];
  });
  return [...links, ...all];
}

/** README, ARCHITECTURE and the like, and the pages of rooms. */
function rootPages(root: string): string[] {
  const rooms = parts(root).map((part) => `${part.path}/README.md`);
  return [...readdirSync(root), ...rooms.filter((page) => existsSync(join(root, page)))];
}

function sourcesOf(root: string, part: Part): Source[] {
  const files = filesUnder(join(root, part.path, 'src')).map((file) => file.replaceAll('\\', '/'));
  const ours = files.filter((file) => file.endsWith('.ts') && !file.includes('testdata/'));
  return ours.map((file) => {
    const path = `${part.path}/src/${file}`;
    return parseSource(path, readFileSync(join(root, path), 'utf8'));
  });
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** `undefined` for a part that is no package, such as scripts. */
function manifestOf(root: string, part: Part): Manifest | undefined {
  const path = join(root, part.path, 'package.json');
  return existsSync(path) ? readJson<Manifest>(path) : undefined;
}

/** The sources behind the names that other packages import. */
function startsOf(root: string, part: Part): string[] {
  const targets = Object.values(manifestOf(root, part)?.exports ?? {});
  return targets.map((target) => posix.join(part.path, target['skep-source'] ?? ''));
}

function factsOf(
  root: string,
  part: Part,
  sources: readonly Source[],
  product: ReadonlySet<string>,
): PartFacts {
  const manifest = manifestOf(root, part);
  const references = part.references.map((path) => path.slice(path.lastIndexOf('/') + 1));
  const dependencies = manifest && Object.keys(manifest.dependencies ?? {});
  const testDependencies = Object.keys(manifest?.devDependencies ?? {});
  return { path: part.path, references, dependencies, testDependencies, sources, product };
}
