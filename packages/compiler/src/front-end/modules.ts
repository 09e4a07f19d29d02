/**
 * Runs the modules of a program, so that structs, maps, enums and tables are at hand as live
 * objects.
 *
 * A module of a package (its source in src/, beside dist/) is imported from dist/, as node imports
 * it: there is one identity of every object. A loose file is transpiled into a folder of its own
 * below the nearest node_modules, named by the contents, and imported from there.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from '@typescript/typescript6';

type Exports = Readonly<Record<string, unknown>>;

/** The modules of one program, run, by the names of their source files. */
export class LiveModules {
  private readonly loaded = new Map<string, Exports>();
  private readonly failures = new Map<string, string>();

  get(fileName: string): Exports | undefined {
    return this.loaded.get(fileName);
  }

  failureOf(fileName: string): string {
    return this.failures.get(fileName) ?? 'it was not run';
  }

  /** Imports every module of the program; what fails is remembered until somebody asks for it. */
  static async of(program: ts.Program): Promise<LiveModules> {
    const made = new LiveModules();
    const sources = program.getSourceFiles().filter((file) => !file.isDeclarationFile);
    const loose = sources.filter((file) => builtModuleOf(file.fileName) === null);
    const places = transpile(loose);
    for (const { fileName } of sources) {
      const target = builtModuleOf(fileName) ?? places.get(fileName)!;
      try {
        made.loaded.set(fileName, (await import(pathToFileURL(target).href)) as Exports);
      } catch (error) {
        made.failures.set(fileName, error instanceof Error ? error.message : String(error));
      }
    }
    return made;
  }
}

/** packages/x/src/y.ts -> packages/x/dist/y.js; `null` for a file outside any package's src/. */
export function builtModuleOf(fileName: string): string | null {
  const folder = nearest(fileName, (each) => existsSync(path.join(each, 'package.json')));
  if (!folder) return null;
  const source = path.join(folder, 'src') + path.sep;
  if (!fileName.startsWith(source)) return null;
  const relative = fileName.slice(source.length).replace(/\.ts$/, '.js');
  return path.join(folder, 'dist', relative);
}

function nearest(fileName: string, test: (folder: string) => boolean): string | null {
  let folder = path.dirname(fileName);
  while (!test(folder)) {
    const parent = path.dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
  return folder;
}

/** Writes the files as JavaScript; returns where each one went. */
function transpile(files: readonly ts.SourceFile[]): Map<string, string> {
  const places = new Map<string, string>();
  if (files.length === 0) return places;
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.fileName).update('\0').update(file.text).update('\0');
  const digest = hash.digest('hex').slice(0, 16);
  const first = files[0]!.fileName;
  const root = nearest(first, (folder) => existsSync(path.join(folder, 'node_modules')));
  const base = commonFolder(files.map((file) => path.dirname(file.fileName)));
  const cache = path.join(root ?? base, 'node_modules', '.cache', 'skep', digest);
  mkdirSync(cache, { recursive: true });
  writeFileSync(path.join(cache, 'package.json'), '{ "type": "module" }\n');
  for (const file of files) {
    const target = path.join(cache, path.relative(base, file.fileName)).replace(/\.ts$/, '.js');
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, javaScriptOf(file));
    places.set(file.fileName, target);
  }
  return places;
}

function javaScriptOf(file: ts.SourceFile): string {
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: false,
  };
  return ts.transpileModule(file.text, { fileName: file.fileName, compilerOptions }).outputText;
}

function commonFolder(folders: readonly string[]): string {
  let common = folders[0]!;
  while (!folders.every((each) => each === common || each.startsWith(common + path.sep))) {
    common = path.dirname(common);
  }
  return common;
}
