/**
 * What tsc says of the modules of one run. They are run by node as well, whose types are not
 * loaded, because that would double the time of a start: what only those could explain is no error.
 */
import { isBuiltin } from 'node:module';
import ts from '@typescript/typescript6';
import type { Diagnostic } from '../diagnostics/report.ts';
import { builtModuleOf } from './modules.ts';

/** `Cannot find name`, `Cannot find module`, `Cannot find namespace`, in all their wordings. */
const notFound: ReadonlySet<number> = new Set([2304, 2307, 2503, 2552, 2580, 2584, 2591, 2882]);
const propertyNotFound = 2339;
/** `await` and `import.meta` at the top of what tsc takes for CommonJS: it is run as a module. */
const notInCommonJs: ReadonlySet<number> = new Set([1309, 1470]);

/**
 * The modules whose errors all count: the one to compile, and those that belong to no package, so
 * that no other build has looked at them.
 */
export function checkedModules(program: ts.Program, module: ts.SourceFile): ts.SourceFile[] {
  const isLoose = ({ fileName, isDeclarationFile }: ts.SourceFile): boolean =>
    !isDeclarationFile && builtModuleOf(fileName) === null;
  return program.getSourceFiles().filter((file) => file === module || isLoose(file));
}

/** What tsc says of a function in other words, at another place, where one of ours is in it. */
const sameMistake: ReadonlyMap<number, readonly string[]> = new Map([
  [2355, ['SKEP4003', 'SKEP4012']],
  [2366, ['SKEP4003', 'SKEP4012']],
  [2454, ['SKEP4020']],
]);

/** Whether one of ours says it already; names in quotes must be the same. */
export function isSaidOfFunction(error: Diagnostic, ours: readonly Diagnostic[]): boolean {
  const codes = sameMistake.get(error.native.code);
  if (!codes) return false;
  const nameIn = ({ message }: Diagnostic): string | undefined => /'(.*?)'/.exec(message)?.[1];
  const isSameName = (each: Diagnostic): boolean =>
    error.native.code !== 2454 || nameIn(each) === nameIn(error);
  return ours.some(
    (each) =>
      codes.includes(each.code) &&
      isSameName(each) &&
      statementOf(each.native) === statementOf(error.native),
  );
}

/** The errors in the file, but for those that the types of node would clear up. */
export function typeErrorsIn(program: ts.Program, file: ts.SourceFile): ts.Diagnostic[] {
  return program.getSemanticDiagnostics(file).filter((each) => !isOfNode(each, file.text));
}

/** Whether the error is in no function of the module: whatever uses the name fails in turn. */
export function isOutsideFunctions(error: ts.Diagnostic): boolean {
  const statement = statementOf(error);
  return !statement || !ts.isFunctionDeclaration(statement);
}

/** The statement of the module that the error is in. */
function statementOf({ file, start = 0 }: ts.Diagnostic): ts.Statement | undefined {
  return file?.statements.find((each) => each.pos <= start && start < each.end);
}

function isOfNode({ code, start = 0, length = 0 }: ts.Diagnostic, text: string): boolean {
  const name = text.slice(start, start + length).replace(/^['"](.*)['"]$/, '$1');
  if (notFound.has(code)) return name in globalThis || name === 'NodeJS' || isBuiltin(name);
  if (code === propertyNotFound) {
    return text.slice(0, start).endsWith('import.meta.') && name in import.meta;
  }
  if (notInCommonJs.has(code)) return true;
  // A parameter of a callback that is given to something of node is 'implicitly any'.
  return code >= 7000 && code < 8000;
}
