/**
 * Statements: one rule for each kind of syntax. A refused statement does not stop those after it.
 */
import ts from '@typescript/typescript6';
import type { DiagnosticName } from '../diagnostics/table.ts';
import { refuse } from '../diagnostics/report.ts';
import { lowerDo, lowerFor, lowerForOf, lowerWhile } from './loops.ts';
import type { JumpTarget, Lowering } from './lowering.ts';
import { nothing } from './result.ts';
import { lowerSwitch } from './switch.ts';
import { lowerVariables } from './variables.ts';
import { kindOf } from './syntax.ts';

const refused: ReadonlyMap<ts.SyntaxKind, DiagnosticName> = new Map([
  [ts.SyntaxKind.TryStatement, 'tryStatement'],
  [ts.SyntaxKind.ThrowStatement, 'throwStatement'],
  [ts.SyntaxKind.ForInStatement, 'forIn'],
  [ts.SyntaxKind.FunctionDeclaration, 'closure'],
] as const);

/** Any statement, by the rule of its syntax; errors in it are recorded. */
export function lowerStatement(state: Lowering, node: ts.Statement): void {
  if (ts.isBlock(node)) return state.statements(node.statements);
  const { builder } = state;
  const block = builder.block;
  state.at(node);
  const done = state.diagnostics.attempt(() => {
    lowerOne(state, node, null);
    return true;
  });
  if (done) return;
  builder.resume(block);
  if (ts.isVariableStatement(node)) bindFailed(state, node);
}

function bindFailed(state: Lowering, node: ts.VariableStatement): void {
  for (const name of node.declarationList.declarations.flatMap(namesIn)) {
    const symbol = state.world.checker.getSymbolAtLocation(name);
    if (symbol && !state.frame.bindings.has(symbol)) state.bind(symbol, { kind: 'failed' });
  }
}

/** The names that a declaration makes, also by destructuring. */
function namesIn({ name }: ts.VariableDeclaration | ts.BindingElement): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((each) => (ts.isOmittedExpression(each) ? [] : namesIn(each)));
}

function lowerOne(state: Lowering, node: ts.Statement, label: string | null): void {
  if (ts.isVariableStatement(node)) return lowerVariables(state, node.declarationList);
  if (ts.isExpressionStatement(node)) {
    state.expression(node.expression);
    return;
  }
  if (ts.isIfStatement(node)) return lowerIf(state, node);
  if (ts.isReturnStatement(node)) return lowerReturn(state, node);
  if (ts.isForStatement(node)) return lowerFor(state, node, label, lowerVariables);
  if (ts.isForOfStatement(node)) return lowerForOf(state, node, label);
  if (ts.isWhileStatement(node)) return lowerWhile(state, node, label);
  if (ts.isDoStatement(node)) return lowerDo(state, node, label);
  if (ts.isSwitchStatement(node)) return lowerSwitch(state, node, label);
  if (ts.isLabeledStatement(node)) return lowerLabeled(state, node);
  if (ts.isBreakStatement(node) || ts.isContinueStatement(node)) return lowerJump(state, node);
  if (ts.isBlock(node)) return state.statements(node.statements);
  if (isErased(node)) return;
  const name = refused.get(node.kind);
  if (name) return refuse(node, name);
  if (ts.isClassDeclaration(node)) return refuse(node, 'classInside', 'class');
  if (ts.isEnumDeclaration(node)) return refuse(node, 'classInside', 'enum');
  return refuse(node, 'statement', kindOf(node));
}

function isErased(node: ts.Statement): boolean {
  return (
    ts.isEmptyStatement(node) || ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)
  );
}

function lowerIf(state: Lowering, node: ts.IfStatement): void {
  const { builder } = state;
  const [ifTrue, ifFalse, join] = [builder.makeBlock(), builder.makeBlock(), builder.makeBlock()];
  state.test(node.expression, ifTrue, ifFalse);
  builder.sealAndStart(ifTrue);
  if (builder.isReachable) state.statement(node.thenStatement);
  builder.jump(join);
  builder.sealAndStart(ifFalse);
  if (builder.isReachable && node.elseStatement) state.statement(node.elseStatement);
  builder.jump(join);
  builder.sealAndStart(join);
}

/** The path stays open until the function's end joins all of them. */
function lowerReturn(state: Lowering, node: ts.ReturnStatement): void {
  const result = node.expression ? state.expression(node.expression) : nothing;
  state.at(node);
  const block = state.builder.suspend();
  state.frame.ends.push({ block, result, node: node.expression ?? node });
}

/** Loops and switches know their label; of anything else, `break` is all that can be said. */
function lowerLabeled(state: Lowering, { statement, label }: ts.LabeledStatement): void {
  const isOwn = ts.isIterationStatement(statement, false) || ts.isSwitchStatement(statement);
  if (isOwn) return lowerOne(state, statement, label.text);
  const exit = state.builder.makeBlock();
  state.frame.jumps.push({ label: label.text, onBreak: exit, onContinue: null, isBlock: true });
  state.statement(statement);
  state.frame.jumps.pop();
  state.builder.jump(exit);
  state.builder.sealAndStart(exit);
}

function lowerJump(state: Lowering, node: ts.BreakStatement | ts.ContinueStatement): void {
  const isBreak = ts.isBreakStatement(node);
  const label = node.label?.text ?? null;
  const fitting = (target: JumpTarget): boolean =>
    label !== null
      ? target.label === label
      : isBreak
        ? !target.isBlock
        : target.onContinue !== null;
  const target = state.frame.jumps.findLast(fitting);
  if (!target && label) return refuse(node, 'label', label);
  const to = isBreak ? target?.onBreak : target?.onContinue;
  if (!to) return refuse(node, 'breakOutside', isBreak ? 'break' : 'continue');
  state.builder.jump(to);
}
