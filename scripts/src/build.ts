/** What a build does after tsc: stale output goes, programs become IR, the plugin one file. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { runNode } from './child.ts';
import { filesUnder, type Part, parts, projectRoot } from './project.ts';

const output = /\.(js|js\.map|d\.ts|d\.ts\.map)$/;

/**
 * Removes what tsc once made from sources that are gone: a test that was deleted must not run, a
 * module that was deleted must not be found.
 *
 * @returns the paths removed, relative to `root`.
 */
export function removeStale(root: string, part: Part): string[] {
  const dist = join(root, part.path, 'dist');
  const stale = filesUnder(dist).filter((file) => {
    if (!output.test(file)) return false;
    return !existsSync(join(root, part.path, 'src', file.replace(output, '.ts')));
  });
  for (const file of stale) rmSync(join(dist, file));
  return stale.map((file) => `${part.path}/dist/${file}`);
}

/**
 * Compiles the kernel programs of the datapath to packages/datapath/dist/programs.json, unless
 * nothing that they are made from has changed since.
 *
 * @returns the exit status of the compiler, 0 where nothing was to be done.
 */
export async function compilePrograms(): Promise<number> {
  const builder = join(projectRoot, 'packages/datapath/dist/build.js');
  if (!existsSync(builder)) return 0;
  const stamp = join(projectRoot, 'packages/datapath/dist/.programs-made-from');
  const programs = join(projectRoot, 'packages/datapath/dist/programs.json');
  const inputs = digest(inputsOf('packages/datapath'));
  if (existsSync(programs) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return 0;
  const status = await runNode(builder, []);
  if (status === 0) writeFileSync(stamp, inputs);
  return status;
}

/**
 * Makes one file of the CNI plugin and all that it imports, packages/cni/dist/skep-cni.cjs: it is
 * started for every container, and one file starts soonest.
 */
export async function bundlePlugin(): Promise<void> {
  const folder = join(projectRoot, 'packages/cni/dist');
  await build({
    entryPoints: [join(folder, 'main.js')],
    outfile: join(folder, 'skep-cni.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    legalComments: 'none',
    logLevel: 'warning',
  });
}

/** The built modules of a part and of all below it, and its sources: absolute paths, sorted. */
function inputsOf(path: string): string[] {
  const all = new Map(parts().map((part) => [part.path, part]));
  const needed = new Set<string>();
  const add = (one: string): void => {
    if (needed.has(one)) return;
    needed.add(one);
    for (const reference of all.get(one)?.references ?? []) add(reference);
  };
  add(path);
  const files = [...needed].flatMap((part) => {
    const folder = join(projectRoot, part);
    return filesUnder(folder)
      .filter(isInput)
      .map((file) => join(folder, file));
  });
  return files.sort();
}

function isInput(file: string): boolean {
  if (/\.test\.(ts|js)$/.test(file)) return false;
  return /^(src\/.*\.ts|dist\/.*\.js|package\.json)$/.test(file);
}

function digest(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}
