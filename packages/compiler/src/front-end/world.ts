/**
 * The two sides of a program's modules: what the type checker says of a name, and the live
 * JavaScript value that its module exports under it.
 */
import path from 'node:path';
import ts from '@typescript/typescript6';
import type { MapShape } from '@skep/bytecode';
import { mapShapeOf } from '@skep/bytecode';
import type { ContextShape, MapDeclaration } from '@skep/ebpf';
import { isContextClass } from '@skep/ebpf';
import { fromTypeScript, Refusal, refuse } from '../diagnostics/report.ts';
import type { SourcePosition } from '../ir/ir.ts';
import type { LiveModules } from './modules.ts';
import type { Type } from './result.ts';
import { scalarType } from './scalars.ts';
import type { Callable } from './syntax.ts';
import { typeErrorsIn } from './type-errors.ts';

/** A function of a module that is not exported: it can be called, not run when compiling. */
export class FunctionReference {
  constructor(readonly callable: Callable) {}
}

/** Names, types and live values of one program's modules. */
export class World {
  readonly checker: ts.TypeChecker;
  private readonly exportNames = new Map<ts.SourceFile, Map<ts.Symbol, string>>();
  private readonly positions = new WeakMap<ts.Node, SourcePosition>();
  private readonly nodes = new WeakMap<SourcePosition, ts.Node>();
  private readonly reassigned = new Map<ts.Node, ReadonlySet<ts.Symbol>>();
  private readonly shapes = new Map<MapDeclaration, MapShape>();
  private liveCallables: Map<unknown, Callable> | null = null;
  /** The functions that were lowered: only their type errors concern a program. */
  readonly lowered = new Set<ts.Node>();

  constructor(
    readonly program: ts.Program,
    private readonly modules: LiveModules,
    /** File names in the IR are relative to this folder. */
    private readonly folder: string,
  ) {
    this.checker = program.getTypeChecker();
  }

  /** The symbol that a name stands for, imports followed to their origin. */
  symbolOf(node: ts.Node): ts.Symbol {
    const parent = node.parent;
    const symbol =
      parent && ts.isShorthandPropertyAssignment(parent)
        ? this.checker.getShorthandAssignmentValueSymbol(parent)
        : this.checker.getSymbolAtLocation(node);
    if (!symbol) {
      this.refuseAsTyped(node);
      return refuse(node, 'globalName', node.getText());
    }
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    return isAlias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  /** @throws Refusal with what tsc says of the node, if it says anything */
  refuseAsTyped(node: ts.Node): void {
    const file = node.getSourceFile();
    const error = typeErrorsIn(this.program, file).find(({ start }) => start === node.getStart());
    if (error) throw new Refusal(fromTypeScript(error));
  }

  /** The function behind a name, where its source is at hand. */
  callableOf(symbol: ts.Symbol): Callable | null {
    const declaration = symbol.valueDeclaration;
    if (!declaration || declaration.getSourceFile().isDeclarationFile) return null;
    if (ts.isFunctionDeclaration(declaration)) return declaration.body ? declaration : null;
    if (!ts.isVariableDeclaration(declaration) || !declaration.initializer) return null;
    const { initializer } = declaration;
    const isFunction = ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer);
    return isFunction ? initializer : null;
  }

  /** The type of a declaration where it is an integer of declared width or a boolean. */
  integerTypeAt(declaration: ts.Declaration): Type | null {
    return this.integerTypeOf(this.checker.getTypeAtLocation(declaration), declaration);
  }

  integerTypeOf(type: ts.Type, node: ts.Node): Type | null {
    const declared = scalarType(this.checker, type, node);
    return declared?.kind === 'integer' || declared?.kind === 'boolean' ? declared : null;
  }

  /** The declaration that carries a callable's name and JSDoc. */
  declarationOf(callable: Callable): ts.Node {
    const isVariable = ts.isVariableDeclaration(callable.parent);
    return isVariable ? callable.parent.parent.parent : callable;
  }

  nameOf(callable: Callable): string {
    if (callable.name) return callable.name.text;
    return ts.isVariableDeclaration(callable.parent)
      ? callable.parent.name.getText()
      : 'a function';
  }

  /** The source of an exported function that was found as a value. */
  callableOfLive(live: unknown): Callable | null {
    this.liveCallables ??= this.collectCallables();
    return this.liveCallables.get(live) ?? null;
  }

  private collectCallables(): Map<unknown, Callable> {
    const found = new Map<unknown, Callable>();
    for (const file of this.program.getSourceFiles()) {
      const live = this.modules.get(file.fileName);
      if (!live) continue;
      for (const [symbol, name] of this.exportNamesOf(file)) {
        const callable = typeof live[name] === 'function' ? this.callableOf(symbol) : null;
        if (callable) found.set(live[name], callable);
      }
    }
    return found;
  }

  /** One shape for each declaration, so that the optimiser sees one map. */
  shapeOf(declaration: MapDeclaration): MapShape {
    const cached = this.shapes.get(declaration);
    if (cached) return cached;
    const shape = mapShapeOf(declaration);
    this.shapes.set(declaration, shape);
    return shape;
  }

  /** The live value of a module-level name. */
  liveValue(symbol: ts.Symbol, node: ts.Node): unknown {
    if (symbol.name === 'undefined') return undefined;
    const declaration = symbol.valueDeclaration ?? symbol.declarations?.[0];
    if (!declaration) return refuse(node, 'globalName', symbol.name);
    const file = declaration.getSourceFile();
    if (file.isDeclarationFile) return this.globalValue(symbol, node);
    if (ts.isVariableDeclaration(declaration) && !isConst(declaration)) {
      return refuse(node, 'moduleState', symbol.name);
    }
    const name = this.exportNamesOf(file).get(symbol);
    const shortName = path.basename(file.fileName);
    if (name === undefined) {
      const callable = this.callableOf(symbol);
      if (callable) return new FunctionReference(callable);
      return refuse(node, 'notExported', symbol.name, shortName);
    }
    const live = this.modules.get(file.fileName);
    if (live === undefined) {
      return refuse(node, 'moduleFailure', shortName, this.modules.failureOf(file.fileName));
    }
    return live[name];
  }

  /** Whether the function's module names it anywhere but in its declaration. */
  isUsed(declaration: ts.FunctionDeclaration): boolean {
    const { name } = declaration;
    if (!name) return false;
    const symbol = this.checker.getSymbolAtLocation(name);
    const uses = (node: ts.Node): boolean | undefined => {
      if (node === declaration) return undefined;
      const isSame = ts.isIdentifier(node) && node.text === name.text;
      if (isSame && this.checker.getSymbolAtLocation(node) === symbol) return true;
      return ts.forEachChild(node, uses);
    };
    return uses(declaration.getSourceFile()) ?? false;
  }

  /** The layout of a context class; `null` for what is none, or is not exported. */
  contextOf(symbol: ts.Symbol | undefined): ContextShape | null {
    const declaration = symbol?.valueDeclaration;
    if (!symbol || !declaration || !ts.isClassDeclaration(declaration)) return null;
    const file = declaration.getSourceFile();
    if (file.isDeclarationFile) return null;
    const name = this.exportNamesOf(file).get(symbol);
    const live = name === undefined ? undefined : this.modules.get(file.fileName)?.[name];
    return isContextClass(live) ? live.shape : null;
  }

  private globalValue(symbol: ts.Symbol, node: ts.Node): unknown {
    if (symbol.name === 'Math') return Math;
    if (symbol.name === 'Number') return Number;
    if (symbol.name === 'BigInt') return BigInt;
    return refuse(node, 'globalName', symbol.name);
  }

  private exportNamesOf(file: ts.SourceFile): Map<ts.Symbol, string> {
    const cached = this.exportNames.get(file);
    if (cached) return cached;
    const names = new Map<ts.Symbol, string>();
    const module = this.checker.getSymbolAtLocation(file);
    for (const each of module ? this.checker.getExportsOfModule(module) : []) {
      const isAlias = (each.flags & ts.SymbolFlags.Alias) !== 0;
      names.set(isAlias ? this.checker.getAliasedSymbol(each) : each, each.name);
    }
    this.exportNames.set(file, names);
    return names;
  }

  positionOf(node: ts.Node): SourcePosition {
    const cached = this.positions.get(node);
    if (cached) return cached;
    const file = node.getSourceFile();
    const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
    const starts = file.getLineStarts();
    const text = file.text.slice(starts[line], starts[line + 1] ?? file.text.length).trim();
    const name = path.relative(this.folder, file.fileName);
    const position = { file: name, line: line + 1, column: character + 1, text };
    this.positions.set(node, position);
    this.nodes.set(position, node);
    return position;
  }

  /** The syntax that a position was made from. */
  nodeOf(position: SourcePosition): ts.Node | undefined {
    return this.nodes.get(position);
  }

  /** The names that the function assigns to after their declaration. */
  reassignedIn(callable: Callable): ReadonlySet<ts.Symbol> {
    return this.assignedIn(callable);
  }

  /** The names that are assigned to somewhere below the node. */
  assignedIn(root: ts.Node): ReadonlySet<ts.Symbol> {
    const cached = this.reassigned.get(root);
    if (cached) return cached;
    const found = new Set<ts.Symbol>();
    const visit = (node: ts.Node): void => {
      const target = assignedBy(node);
      if (target && ts.isIdentifier(target)) {
        const symbol = this.checker.getSymbolAtLocation(target);
        if (symbol) found.add(symbol);
      }
      ts.forEachChild(node, visit);
    };
    visit(root);
    this.reassigned.set(root, found);
    return found;
  }
}

/** What an assignment or a step writes to. */
export function assignedBy(node: ts.Node): ts.Expression | null {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const isAssignment =
      kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return isAssignment ? node.left : null;
  }
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return null;
  const { operator } = node;
  const isStep =
    operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken;
  return isStep ? node.operand : null;
}

function isConst(declaration: ts.VariableDeclaration): boolean {
  return (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
}
