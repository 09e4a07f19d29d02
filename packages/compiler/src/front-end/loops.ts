/**
 * Loops. Counting loops of known, small trip counts and loops over known arrays are unrolled, the
 * counter being known in each turn; all others become loops that the verifier walks turn by turn.
 */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { knownInteger } from './convert.ts';
import type { Lowering } from './lowering.ts';
import { elementPlace, readPlace } from './memory.ts';
import type { Result } from './result.ts';
import { describeResult, isPointer, known } from './result.ts';

/** Loops of at most so many turns are unrolled. */
const unrolledTurns = 16;
/** For-of over known elements is always unrolled; more elements than these are refused. */
const unrolledElements = 64;

type LowerVariables = (state: Lowering, list: ts.VariableDeclarationList) => void;

/** `for (initializer; condition; incrementor)` */
export function lowerFor(
  state: Lowering,
  node: ts.ForStatement,
  label: string | null,
  lowerVariables: LowerVariables,
): void {
  const turns = knownTurns(state, node);
  if (turns) return unroll(state, turns.symbol, turns.values.map(known), node.statement, label);
  const { initializer } = node;
  if (initializer && ts.isVariableDeclarationList(initializer)) lowerVariables(state, initializer);
  else if (initializer) state.expression(initializer);
  requireBound(state, node, node.condition);
  loop(state, node.condition ?? null, node.statement, node.incrementor ?? null, label);
}

/** `while (condition)` */
export function lowerWhile(state: Lowering, node: ts.WhileStatement, label: string | null): void {
  requireBound(state, node, node.expression);
  loop(state, node.expression, node.statement, null, label);
}

/** `do ... while (condition)` */
export function lowerDo(state: Lowering, node: ts.DoStatement, label: string | null): void {
  requireBound(state, node, node.expression);
  const { builder } = state;
  builder.inLoop(() => {
    const [body, test] = [builder.makeBlock(), builder.makeBlock()];
    const exit = builder.makeBlock();
    builder.jump(body);
    builder.start(body);
    state.frame.jumps.push({ label, onBreak: exit, onContinue: test });
    state.statement(node.statement);
    state.frame.jumps.pop();
    builder.jump(test);
    builder.sealAndStart(test);
    if (builder.isReachable) state.condition(node.expression, body, exit);
    builder.seal(body);
    builder.sealAndStart(exit);
  });
}

function loop(
  state: Lowering,
  condition: ts.Expression | null,
  statement: ts.Statement,
  incrementor: ts.Expression | null,
  label: string | null,
): void {
  const { builder } = state;
  const exit = builder.makeBlock();
  builder.inLoop(() => {
    const [head, body, next] = [builder.makeBlock(), builder.makeBlock(), builder.makeBlock()];
    builder.jump(head);
    builder.start(head);
    if (condition) state.test(condition, body, exit);
    else builder.jump(body);
    builder.sealAndStart(body);
    state.frame.jumps.push({ label, onBreak: exit, onContinue: next });
    if (builder.isReachable) state.statement(statement);
    state.frame.jumps.pop();
    builder.jump(next);
    builder.sealAndStart(next);
    if (incrementor && builder.isReachable) state.expression(incrementor);
    builder.jump(head);
    builder.seal(head);
  });
  builder.sealAndStart(exit);
}

/** One copy of the body for each value of the name. */
function unroll(
  state: Lowering,
  symbol: ts.Symbol,
  values: readonly Result[],
  statement: ts.Statement,
  label: string | null,
): void {
  const { builder } = state;
  const exit = builder.makeBlock();
  for (const result of values) {
    if (!builder.isReachable) break;
    const next = builder.makeBlock();
    state.bind(symbol, { kind: 'result', result });
    state.frame.jumps.push({ label, onBreak: exit, onContinue: next });
    state.statement(statement);
    state.frame.jumps.pop();
    builder.jump(next);
    builder.sealAndStart(next);
  }
  builder.jump(exit);
  builder.sealAndStart(exit);
}

/** for (const element of list): the list is known, or an array in memory of known length. */
export function lowerForOf(state: Lowering, node: ts.ForOfStatement, label: string | null): void {
  if (node.awaitModifier) return refuse(node, 'asyncFunction', 'for await');
  const { initializer } = node;
  const name = ts.isVariableDeclarationList(initializer) ? initializer.declarations[0]?.name : null;
  if (!name || !ts.isIdentifier(name)) return refuse(initializer, 'destructuring');
  const list = state.expression(node.expression);
  const symbol = state.world.symbolOf(name);
  if (isPointer(list) && list.type.to.kind === 'array') {
    const { to, space } = list.type;
    if (to.count > unrolledElements) return refuse(node, 'unrollTooLong', to.count);
    const place = { base: list.value, offset: list.offset, field: to, space };
    return unrollLazily(
      state,
      symbol,
      to.count,
      (index) => readPlace(state, elementPlace(place, index)),
      node.statement,
      label,
    );
  }
  if (list.kind !== 'known' || !isIterable(list.value)) {
    return refuse(node.expression, 'mustBeKnown', describeResult(list));
  }
  const elements = [...list.value];
  if (elements.length > unrolledElements) return refuse(node, 'unrollTooLong', elements.length);
  unroll(state, symbol, elements.map(known), node.statement, label);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** As `unroll`; each element is read at the start of its own turn. */
function unrollLazily(
  state: Lowering,
  symbol: ts.Symbol,
  count: number,
  read: (index: number) => Result,
  statement: ts.Statement,
  label: string | null,
): void {
  const { builder } = state;
  const exit = builder.makeBlock();
  for (let index = 0; index < count && builder.isReachable; index++) {
    const next = builder.makeBlock();
    state.bind(symbol, { kind: 'result', result: read(index) });
    state.frame.jumps.push({ label, onBreak: exit, onContinue: next });
    state.statement(statement);
    state.frame.jumps.pop();
    builder.jump(next);
    builder.sealAndStart(next);
  }
  builder.jump(exit);
  builder.sealAndStart(exit);
}

interface KnownTurns {
  readonly symbol: ts.Symbol;
  readonly values: readonly number[];
}

/** `for (let i = 0; i < 4; i++)` with known ends and few turns; the body leaves `i` alone. */
function knownTurns(state: Lowering, node: ts.ForStatement): KnownTurns | null {
  const { initializer, condition, incrementor } = node;
  if (!initializer || !ts.isVariableDeclarationList(initializer)) return null;
  const [declaration] = initializer.declarations;
  if (initializer.declarations.length !== 1 || !declaration?.initializer) return null;
  if (!ts.isIdentifier(declaration.name) || !condition || !ts.isBinaryExpression(condition)) {
    return null;
  }
  const symbol = state.world.symbolOf(declaration.name);
  if (!names(state, condition.left, symbol) || assigns(state, node.statement, symbol)) return null;
  const step = stepOf(state, incrementor, symbol);
  const start = constantOf(state, declaration.initializer);
  const end = constantOf(state, condition.right);
  if (step === null || start === null || end === null) return null;
  const values: number[] = [];
  for (let value = start; holds(condition.operatorToken.kind, value, end); value += step) {
    values.push(value);
    if (values.length > unrolledTurns) return null;
  }
  return { symbol, values };
}

function names(state: Lowering, node: ts.Node, symbol: ts.Symbol): boolean {
  return ts.isIdentifier(node) && state.world.symbolOf(node) === symbol;
}

function assigns(state: Lowering, body: ts.Node, symbol: ts.Symbol): boolean {
  return state.world.assignedIn(body).has(symbol);
}

function holds(kind: ts.SyntaxKind, value: number, end: number): boolean {
  if (kind === ts.SyntaxKind.LessThanToken) return value < end;
  if (kind === ts.SyntaxKind.LessThanEqualsToken) return value <= end;
  if (kind === ts.SyntaxKind.GreaterThanToken) return value > end;
  return kind === ts.SyntaxKind.GreaterThanEqualsToken && value >= end;
}

function stepOf(
  state: Lowering,
  node: ts.Expression | undefined,
  symbol: ts.Symbol,
): number | null {
  if (!node) return null;
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    if (!names(state, node.operand, symbol)) return null;
    if (node.operator === ts.SyntaxKind.PlusPlusToken) return 1;
    return node.operator === ts.SyntaxKind.MinusMinusToken ? -1 : null;
  }
  if (!ts.isBinaryExpression(node) || !names(state, node.left, symbol)) return null;
  const step = constantOf(state, node.right);
  if (!step) return null;
  const { kind } = node.operatorToken;
  if (kind === ts.SyntaxKind.PlusEqualsToken) return step;
  return kind === ts.SyntaxKind.MinusEqualsToken ? -step : null;
}

/**
 * The integer that an expression is known to be; only names, members and literals are looked at.
 */
function constantOf(state: Lowering, node: ts.Expression): number | null {
  if (!isPlain(node)) return null;
  const result = state.expression(node);
  if (result.kind !== 'known') return null;
  const value = Number(knownInteger(result.value, node));
  return Number.isSafeInteger(value) ? value : null;
}

/** Lowering such an expression emits at most a load that nothing uses. */
function isPlain(node: ts.Expression): boolean {
  if (ts.isIdentifier(node) || ts.isNumericLiteral(node)) return true;
  if (ts.isPropertyAccessExpression(node)) return isPlain(node.expression);
  if (ts.isParenthesizedExpression(node)) return isPlain(node.expression);
  if (ts.isPrefixUnaryExpression(node)) {
    return node.operator === ts.SyntaxKind.MinusToken && isPlain(node.operand);
  }
  return ts.isBinaryExpression(node) && isPlain(node.left) && isPlain(node.right);
}

/** Refuses a loop without a comparison of something that the loop changes with something known. */
function requireBound(
  state: Lowering,
  node: ts.IterationStatement,
  condition: ts.Expression | undefined,
): void {
  const changed = state.world.assignedIn(node);
  const isCounter = (side: ts.Expression): boolean =>
    ts.isIdentifier(side) && changed.has(state.world.symbolOf(side));
  const isBound = (side: ts.Expression): boolean => constantOf(state, side) !== null;
  const bounds = (each: ts.Expression): boolean => {
    if (ts.isParenthesizedExpression(each)) return bounds(each.expression);
    if (!ts.isBinaryExpression(each)) return false;
    const { kind } = each.operatorToken;
    if (kind === ts.SyntaxKind.AmpersandAmpersandToken) {
      return bounds(each.left) || bounds(each.right);
    }
    const isCompared = kind !== ts.SyntaxKind.BarBarToken;
    if (!isCompared) return false;
    return (
      (isCounter(each.left) && isBound(each.right)) || (isCounter(each.right) && isBound(each.left))
    );
  };
  if (!condition || !bounds(condition)) refuse(node, 'unboundedLoop');
}
