/** The modules of one run: type-checked by tsc, and run by JavaScript. */
import path from 'node:path';
import ts from '@typescript/typescript6';
import { DiagnosticList, fromTypeScript } from '../diagnostics/report.ts';
import { LiveModules } from './modules.ts';
import { World } from './world.ts';

/**
 * ES2023 without DOM and without node's types: starting takes about a third of a second. Sources of
 * packages are found by the condition `skep-source`.
 */
const compilerOptions: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  customConditions: ['skep-source'],
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  types: [],
};

/**
 * Reads and parses a file once for all runs of a process, as long as its text stays the same: the
 * library and the packages are most of what a small module imports.
 */
const host = sharingHost();

function sharingHost(): ts.CompilerHost {
  const host = ts.createCompilerHost(compilerOptions);
  const parsed = new Map<string, ts.SourceFile>();
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (fileName, ...options) => {
    const known = parsed.get(fileName);
    if (known && known.text === host.readFile(fileName)) return known;
    const file = parse(fileName, ...options);
    if (file) parsed.set(fileName, file);
    return file;
  };
  return host;
}

/** One file to compile, with all that it imports. */
export class Project {
  private constructor(
    readonly file: ts.SourceFile,
    readonly world: World,
    readonly diagnostics: DiagnosticList,
  ) {}

  /**
   * @param folder file names in the IR are relative to it
   * @throws Error when the file does not exist
   */
  static async open(fileName: string, folder: string): Promise<Project> {
    const full = path.resolve(fileName);
    const program = ts.createProgram([full], compilerOptions, host);
    const file = program.getSourceFile(full);
    if (!file) throw new Error(`compile ${fileName}: no such file`);
    const diagnostics = new DiagnosticList();
    for (const each of program.getSyntacticDiagnostics(file)) diagnostics.add(fromTypeScript(each));
    const world = new World(program, await LiveModules.of(program), folder);
    return new Project(file, world, diagnostics);
  }

  /** Adds tsc's type errors in the functions that were lowered. */
  checkLowered(): void {
    const { program, lowered } = this.world;
    const files = new Set([...lowered].map((node) => node.getSourceFile()));
    for (const file of files) {
      const functions = [...lowered].filter((node) => node.getSourceFile() === file);
      for (const each of program.getSemanticDiagnostics(file)) {
        const { start = 0 } = each;
        const isInside = functions.some((node) => node.pos <= start && start < node.end);
        const found = fromTypeScript(each);
        if (isInside && !this.diagnostics.covers(found)) this.diagnostics.add(found);
      }
    }
  }
}
