/** What a loop counts, how often it turns, and whether the verifier may walk it. */
import ts from '@typescript/typescript6';
import { knownInteger } from './convert.ts';
import type { Lowering } from './lowering.ts';
import { binaryOperators } from './syntax.ts';
import { assignedBy } from './world.ts';

/** Loops of at most so many turns are walked turn by turn. */
const plainTurns = 64;

/** `for (let i = start; ...; i += step)`, whose body leaves `i` alone. */
export interface Counter {
  readonly symbol: ts.Symbol;
  readonly declaration: ts.VariableDeclaration;
  readonly step: number;
  /** With its first value, where both it and the end are known. */
  readonly start: number | null;
  readonly trips: number | null;
}

/** `null` where the loop has none: its turns are only known as it runs. */
export function counterOf(state: Lowering, node: ts.ForStatement): Counter | null {
  const { initializer, condition, incrementor } = node;
  if (!initializer || !ts.isVariableDeclarationList(initializer)) return null;
  const [declaration] = initializer.declarations;
  if (initializer.declarations.length !== 1 || !declaration?.initializer) return null;
  if (!ts.isIdentifier(declaration.name)) return null;
  const symbol = state.world.symbolOf(declaration.name);
  const isAssigned = assigns(state, node.statement, symbol);
  if (isAssigned || (condition && assigns(state, condition, symbol))) return null;
  const step = stepOf(state, incrementor, symbol);
  if (step === null) return null;
  const none = { symbol, declaration, step, start: null, trips: null };
  if (!condition || !ts.isBinaryExpression(condition)) return none;
  if (!names(state, condition.left, symbol)) return none;
  const start = constantOf(state, declaration.initializer);
  const end = constantOf(state, condition.right);
  const trips =
    start === null || end === null ? null : tripsOf(condition.operatorToken.kind, start, end, step);
  return { ...none, start, trips };
}

/** How often the condition holds; `null` where it is no comparison that the steps come to. */
function tripsOf(kind: ts.SyntaxKind, start: number, end: number, step: number): number | null {
  const isUp = kind === ts.SyntaxKind.LessThanToken || kind === ts.SyntaxKind.LessThanEqualsToken;
  const isDown =
    kind === ts.SyntaxKind.GreaterThanToken || kind === ts.SyntaxKind.GreaterThanEqualsToken;
  if ((!isUp || step <= 0) && (!isDown || step >= 0)) return null;
  const isIncluded =
    kind === ts.SyntaxKind.LessThanEqualsToken || kind === ts.SyntaxKind.GreaterThanEqualsToken;
  const distance = Math.abs(end - start);
  if (isUp ? start > end : start < end) return 0;
  const size = Math.abs(step);
  return isIncluded ? Math.floor(distance / size) + 1 : Math.ceil(distance / size);
}

/** The counter's value in each turn, where they are few and known. */
export function knownTurns({ start, step, trips }: Counter): number[] | null {
  if (start === null || trips === null || trips > plainTurns) return null;
  return Array.from({ length: trips }, (_, turn) => start + turn * step);
}

function names(state: Lowering, node: ts.Node, symbol: ts.Symbol): boolean {
  return ts.isIdentifier(node) && state.world.symbolOf(node) === symbol;
}

function assigns(state: Lowering, body: ts.Node, symbol: ts.Symbol): boolean {
  return state.world.assignedIn(body).has(symbol);
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
  const { kind } = node.operatorToken;
  if (kind === ts.SyntaxKind.EqualsToken) return summandOf(state, node.right, symbol);
  const step = constantOf(state, node.right);
  if (!step) return null;
  if (kind === ts.SyntaxKind.PlusEqualsToken) return step;
  return kind === ts.SyntaxKind.MinusEqualsToken ? -step : null;
}

/** What `i = i + step` adds. */
function summandOf(state: Lowering, node: ts.Expression, symbol: ts.Symbol): number | null {
  const isSum =
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.PlusToken &&
    names(state, node.left, symbol);
  return isSum ? constantOf(state, node.right) || null : null;
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
  if (!ts.isBinaryExpression(node) || !binaryOperators.has(node.operatorToken.kind)) return false;
  return isPlain(node.left) && isPlain(node.right);
}

/**
 * Whether the condition compares something that the loop only makes larger with a small number from
 * above, so that the verifier may walk every turn.
 */
export function isBounded(
  state: Lowering,
  node: ts.IterationStatement,
  condition: ts.Expression | null,
): boolean {
  const isCounter = (side: ts.Expression): boolean =>
    ts.isIdentifier(side) && onlyGrows(state, node, state.world.symbolOf(side));
  const isSmall = (side: ts.Expression): boolean => {
    const bound = constantOf(state, side);
    return bound !== null && bound <= plainTurns;
  };
  const bounds = (each: ts.Expression): boolean => {
    if (ts.isParenthesizedExpression(each)) return bounds(each.expression);
    if (!ts.isBinaryExpression(each)) return false;
    const { left, right, operatorToken } = each;
    switch (operatorToken.kind) {
      case ts.SyntaxKind.AmpersandAmpersandToken:
        return bounds(left) || bounds(right);
      case ts.SyntaxKind.LessThanToken:
      case ts.SyntaxKind.LessThanEqualsToken:
        return isCounter(left) && isSmall(right);
      case ts.SyntaxKind.GreaterThanToken:
      case ts.SyntaxKind.GreaterThanEqualsToken:
        return isCounter(right) && isSmall(left);
      default:
        return false;
    }
  };
  return condition !== null && bounds(condition);
}

/** Whether the loop assigns to the name, and each time adds a positive number that is known. */
function onlyGrows(state: Lowering, loop: ts.IterationStatement, symbol: ts.Symbol): boolean {
  const grows = (node: ts.Node): boolean => {
    const target = assignedBy(node);
    const isOfCounter =
      target !== null &&
      ts.isIdentifier(target) &&
      state.world.checker.getSymbolAtLocation(target) === symbol;
    if (isOfCounter && !isKnownStep(state, loop, node as ts.Expression, symbol)) return false;
    return !ts.forEachChild(node, (child) => !grows(child));
  };
  return assigns(state, loop, symbol) && grows(loop);
}

/** Nothing is known yet of the names that the loop itself declares. */
function isKnownStep(
  state: Lowering,
  loop: ts.IterationStatement,
  node: ts.Expression,
  symbol: ts.Symbol,
): boolean {
  const isOfLoop = (each: ts.Node): boolean => {
    const declaration = ts.isIdentifier(each)
      ? state.world.checker.getSymbolAtLocation(each)?.valueDeclaration
      : undefined;
    const isInside = declaration && ts.findAncestor(declaration, (above) => above === loop);
    return isInside !== undefined || (ts.forEachChild(each, isOfLoop) ?? false);
  };
  const isStep = !ts.isBinaryExpression(node) || !isOfLoop(node.right);
  return isStep && (stepOf(state, node, symbol) ?? 0) > 0;
}
