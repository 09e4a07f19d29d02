/** The modules of one run: type-checked by tsc, and run by JavaScript. */
import path from 'node:path';
import ts from '@typescript/typescript6';
import { DiagnosticList, fromTypeScript } from '../diagnostics/report.ts';
import { LiveModules } from './modules.ts';
import {
  checkedModules,
  isOutsideFunctions,
  isSaidOfFunction,
  typeErrorsIn,
} from './type-errors.ts';
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
    private readonly checked: readonly ts.SourceFile[],
  ) {}

  /**
   * With diagnostics where its modules cannot be understood: an error of syntax, or one outside of
   * functions, from which others would follow.
   *
   * @param folder file names in the IR are relative to it
   * @throws Error when the file does not exist, or is no module of TypeScript
   */
  static async open(fileName: string, folder: string): Promise<Project> {
    const full = path.resolve(fileName);
    if (!/\.[cm]?ts$/.test(full)) throw new Error(`compile ${fileName}: expected a .ts file`);
    const program = ts.createProgram([full], compilerOptions, host);
    const file = program.getSourceFile(full);
    if (!file) throw new Error(`compile ${fileName}: no such file`);
    const diagnostics = new DiagnosticList();
    const checked = checkedModules(program, file);
    const add = (each: ts.Diagnostic): void => diagnostics.add(fromTypeScript(each));
    for (const each of checked) program.getSyntacticDiagnostics(each).forEach(add);
    if (diagnostics.size === 0) {
      const errors = checked.flatMap((each) => typeErrorsIn(program, each));
      if (errors.some(isOutsideFunctions)) errors.forEach(add);
    }
    const world = new World(program, await LiveModules.of(program), folder);
    return new Project(file, world, diagnostics, checked);
  }

  /** Adds tsc's type errors in functions: those that were lowered, and all of this module. */
  checkFunctions(): void {
    const { program, lowered } = this.world;
    const found = new Set(this.checked.flatMap((file) => typeErrorsIn(program, file)));
    for (const file of new Set([...lowered].map((node) => node.getSourceFile()))) {
      const functions = [...lowered].filter((node) => node.getSourceFile() === file);
      for (const each of program.getSemanticDiagnostics(file)) {
        const { start = 0 } = each;
        if (functions.some((node) => node.pos <= start && start < node.end)) found.add(each);
      }
    }
    const ours = this.diagnostics.sorted();
    for (const each of [...found].map(fromTypeScript)) {
      const isSaid = this.diagnostics.covers(each) || isSaidOfFunction(each, ours);
      if (!isSaid) this.diagnostics.add(each);
    }
  }
}
