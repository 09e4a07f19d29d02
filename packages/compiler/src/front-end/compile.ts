/** From a module to the IR of its programs. */
import ts from '@typescript/typescript6';
import type { Diagnostic } from '../diagnostics/report.ts';
import { describe, refuse } from '../diagnostics/report.ts';
import { FunctionBuilder } from '../ir/builder.ts';
import type { IrFunction, IrProgram } from '../ir/ir.ts';
import { lowerCondition } from './conditions.ts';
import { convert } from './convert.ts';
import { lowerExpression } from './expressions.ts';
import { lowerBody, lowerInline } from './inline.ts';
import type { Rules, SubprogramTable } from './lowering.ts';
import { Lowering } from './lowering.ts';
import { findMissingHelpers } from './missing-helpers.ts';
import { findMovedPackets } from './moved-packet.ts';
import { findSharedNames } from './shared-names.ts';
import { checkResult, resultOf } from './program-result.ts';
import { Project } from './project.ts';
import type { ContextType } from './result.ts';
import { computed, s32Type } from './result.ts';
import { lowerStatement } from './statements.ts';
import { tagOf } from './syntax.ts';
import type { World } from './world.ts';

/** What does not stand in the module itself. */
export interface CompileOptions {
  /** File names in the IR are relative to this folder; default: the working directory. */
  readonly folder?: string;
  /** Many helpers demand a GPL-compatible one; default `GPL`. */
  readonly license?: string;
}

/** What became of a module. */
export interface CompiledModule {
  /** In the order of the module; empty when there are diagnostics. */
  readonly programs: readonly IrProgram[];
  readonly diagnostics: readonly Diagnostic[];
}

const rules: Rules = {
  expression: lowerExpression,
  condition: lowerCondition,
  statement: lowerStatement,
  inline: lowerInline,
};

/**
 * Compiles every program of a module: each exported function whose one parameter is a context.
 *
 * The module is run by JavaScript as well (from `dist/` for a package, so build it first), because
 * its structs, maps and constants are taken as live objects.
 *
 * @throws Error when the file does not exist
 */
export async function compileModule(
  file: string,
  options: CompileOptions = {},
): Promise<CompiledModule> {
  const project = await Project.open(file, options.folder ?? process.cwd());
  const { diagnostics } = project;
  if (diagnostics.size > 0) return { programs: [], diagnostics: diagnostics.sorted() };
  const programs: IrProgram[] = [];
  const faults: unknown[] = [];
  for (const entry of findPrograms(project)) {
    try {
      const functions = diagnostics.attempt(() => lowerProgram(project, entry));
      if (functions) programs.push(programOf(entry, options.license ?? 'GPL', functions));
    } catch (fault) {
      faults.push(fault);
    }
  }
  project.checkFunctions();
  const found = diagnostics.sorted();
  // What is wrong with the program may be why; and if not, must not be lost.
  if (found.length === 0 && faults.length > 0) throw faults[0];
  return { programs: found.length > 0 ? [] : programs, diagnostics: found };
}

function programOf({ name, context }: Entry, license: string, functions: IrFunction[]): IrProgram {
  const { facts, target } = context.shape;
  const { programType, attachType } = facts;
  return {
    name,
    programType,
    ...(attachType === undefined ? {} : { attachType }),
    ...(target === undefined ? {} : { attachTarget: target }),
    license,
    functions,
  };
}

interface Entry {
  readonly name: string;
  readonly declaration: ts.FunctionDeclaration;
  readonly context: ContextType;
}

function findPrograms(project: Project): Entry[] {
  const { file, world, diagnostics } = project;
  const entries: Entry[] = [];
  const module = world.checker.getSymbolAtLocation(file);
  for (const symbol of module ? world.checker.getExportsOfModule(module) : []) {
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    const target = isAlias ? world.checker.getAliasedSymbol(symbol) : symbol;
    const declaration = target.valueDeclaration;
    if (!declaration || !ts.isFunctionDeclaration(declaration) || !declaration.body) continue;
    const entry = diagnostics.attempt(() => entryOf(project, declaration));
    if (!entry) continue;
    const isTaken = entries.some((each) => each.name === entry.name);
    if (isTaken) diagnostics.add(describe(declaration.name!, 'programName', entry.name));
    entries.push(entry);
  }
  return entries;
}

/** `null` for a function that is no program. */
function entryOf({ file, world }: Project, declaration: ts.FunctionDeclaration): Entry | null {
  const tag = tagOf(declaration, 'program');
  const [parameter] = declaration.parameters;
  const context = parameter ? contextOf(world, parameter) : null;
  const { length } = declaration.parameters;
  const isCalled =
    ['subprogram', 'global'].some((each) => tagOf(declaration, each) !== null) ||
    (length > 1 && (declaration.getSourceFile() !== file || world.isUsed(declaration)));
  if (tag === null && (context === null || isCalled)) return null;
  const name = tag || (declaration.name?.text ?? 'default').slice(0, 15);
  const place = declaration.name ?? declaration;
  if (!/^\w{1,15}$/.test(name)) return refuse(place, 'invalidProgramName', name);
  if (!context) {
    return refuse(parameter ?? place, 'contextParameter', parameter?.getText() ?? 'nothing');
  }
  if (length > 1) return refuse(declaration.parameters[1]!, 'programParameters', length);
  checkResult(world, declaration, context);
  return { name, declaration, context };
}

function contextOf(world: World, parameter: ts.ParameterDeclaration): ContextType | null {
  const symbol = world.checker.getTypeAtLocation(parameter).symbol as ts.Symbol | undefined;
  const shape = world.contextOf(symbol);
  return shape ? { kind: 'context', shape, name: symbol?.name ?? '' } : null;
}

/** The program's function, then its subprograms; `undefined` when something was refused. */
function lowerProgram(project: Project, entry: Entry): IrFunction[] | undefined {
  const { world, diagnostics } = project;
  const before = diagnostics.size;
  const { declaration, context, name } = entry;
  const builder = new FunctionBuilder(name, world.positionOf(declaration));
  const subprograms: SubprogramTable = {
    made: [],
    underWay: new Set(),
    names: new Set([name]),
    timerNames: new Map(),
  };
  const state = new Lowering(world, rules, builder, diagnostics, subprograms, declaration);
  try {
    const argument = computed(builder.context(), context);
    const result = lowerBody(state, declaration, [argument], declaration);
    builder.return(convert(state, resultOf(context, result), s32Type, declaration));
    if (diagnostics.size > before) return undefined;
    const functions = [builder.finish(), ...subprograms.made.map((made) => made.function)];
    for (const each of functions) {
      findMovedPackets(each, world, diagnostics);
      findMissingHelpers(each, context.shape.kind, world, diagnostics);
    }
    findSharedNames(functions, world, diagnostics);
    return functions;
  } catch (error) {
    // After a refused statement the graph may be incomplete: what follows from it says nothing new.
    if (diagnostics.size > before) return undefined;
    throw error;
  }
}
