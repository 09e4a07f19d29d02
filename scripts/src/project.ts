/** Where things lie in the project: read from the root tsconfig.json, the one list of its parts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The project's folder, absolute. */
export const projectRoot = join(import.meta.dirname, '../..');

/** A folder with `src`, `dist` and a tsconfig.json: a package, or a room such as scripts. */
export interface Part {
  /** Relative to the project's folder: `packages/wire`. */
  readonly path: string;
  /** The last name of the path: `wire`. */
  readonly name: string;
  /** Paths of the parts that it may import, as its tsconfig.json says. */
  readonly references: readonly string[];
}

interface Config {
  readonly references?: readonly { readonly path: string }[];
}

/** All parts, in the order of the root tsconfig.json: the lowest storey first. */
export function parts(root = projectRoot): Part[] {
  const paths = (readJson<Config>(join(root, 'tsconfig.json')).references ?? []).map(
    (reference) => reference.path,
  );
  return paths.map((path) => {
    const config = readJson<Config>(join(root, path, 'tsconfig.json'));
    const references = (config.references ?? []).map((reference) =>
      join(path, reference.path).replaceAll('\\', '/'),
    );
    return { path, name: path.slice(path.lastIndexOf('/') + 1), references };
  });
}

/** Every file under `folder`, relative to it, sorted; empty where there is no such folder. */
export function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}

/** Parses a file of ours; the caller knows its shape. @throws SyntaxError where it is not JSON */
export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
