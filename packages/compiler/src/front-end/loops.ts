/**
 * Loops. Counting loops of few known turns and loops over known arrays are unrolled, the counter
 * being known in each turn; those of some more become loops that the verifier walks turn by turn.
 * All others, long or without end in sight, begin each turn by asking which turn it is: what that
 * becomes depends on the kernel (`codegen/loops`).
 */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { convert, knownInteger } from './convert.ts';
import { refuseInLock } from './locks.ts';
import { type Block, turnsMax, type Value } from '../ir/ir.ts';
import type { Lowering } from './lowering.ts';
import { elementPlace, readPlace } from './memory.ts';
import type { Result } from './result.ts';
import { computed, describeResult, describeType, isPointer, known, widthOf } from './result.ts';
import { variableTypeOf } from './variables.ts';

/** Loops of at most so many turns are unrolled. */
const unrolledTurns = 16;
/** Loops of at most so many turns are walked turn by turn. */
const plainTurns = 64;
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
  const counter = counterOf(state, node);
  const turns = counter && knownTurns(counter);
  if (counter && turns && turns.length <= unrolledTurns) {
    return unroll(state, counter.symbol, turns.map(known), node.statement, label);
  }
  const { initializer, condition, incrementor } = node;
  const isShort = turns ? turns.length <= plainTurns : isBounded(state, node, condition);
  if (counter && !isShort) return lowerCounted(state, node, label, counter);
  if (initializer && ts.isVariableDeclarationList(initializer)) lowerVariables(state, initializer);
  else if (initializer) state.expression(initializer);
  const parts = { condition: condition ?? null, incrementor: incrementor ?? null };
  loop(state, { ...parts, statement: node.statement, label, guard: isShort ? null : {} });
}

/** The counter is the loop's turn times its step: nothing has to be carried from turn to turn. */
function lowerCounted(
  state: Lowering,
  node: ts.ForStatement,
  label: string | null,
  { symbol, declaration, step, trips }: Counter,
): void {
  const start = state.expression(declaration.initializer!);
  const type = variableTypeOf(state, declaration, start);
  if (type.kind !== 'integer') return refuse(declaration, 'expectedInteger', describeType(type));
  const first = convert(state, start, type, declaration.initializer!);
  if (trips !== null && trips > turnsMax) return refuse(node, 'tooManyTurns', trips, turnsMax);
  const bindTurn = (turn: Value): void => {
    const { builder } = state;
    const width = widthOf(type);
    const wide = builder.resize(turn, width);
    const moved = builder.binary('mul', wide, builder.constant(step, width));
    const value = builder.binary('add', moved, first);
    const isKnown = start.kind === 'known' && step > 0 && trips !== null;
    const last = isKnown ? knownInteger(start.value, node) + BigInt((trips - 1) * step) : undefined;
    const result = computed(value, type, last !== undefined && last >= 0n ? last : undefined);
    state.bind(symbol, { kind: 'result', result });
  };
  const condition = trips === null ? (node.condition ?? null) : null;
  const guard = trips === null ? { bindTurn } : { limit: trips, bindTurn };
  loop(state, { condition, incrementor: null, statement: node.statement, label, guard });
}

/** `while (condition)` */
export function lowerWhile(state: Lowering, node: ts.WhileStatement, label: string | null): void {
  const { expression: condition, statement } = node;
  const guard = isBounded(state, node, condition) ? null : {};
  loop(state, { condition, incrementor: null, statement, label, guard });
}

/** `do ... while (condition)` */
export function lowerDo(state: Lowering, node: ts.DoStatement, label: string | null): void {
  const { builder } = state;
  const isShort = isBounded(state, node, node.expression);
  const exit = builder.makeBlock();
  const before = waysOut(state, exit);
  builder.inLoop(() => {
    const [head, test] = [builder.makeBlock(), builder.makeBlock()];
    builder.jump(head);
    builder.start(head);
    if (!isShort) lowerGuard(state, node, exit, {});
    state.frame.jumps.push({ label, onBreak: exit, onContinue: test });
    state.statement(node.statement);
    state.frame.jumps.pop();
    builder.jump(test);
    builder.sealAndStart(test);
    if (builder.isReachable) state.test(node.expression, head, exit);
    builder.seal(head);
  });
  if (!isShort) refuseEndless(state, node, exit, before);
  builder.sealAndStart(exit);
}

/** What makes the kernel sure that a loop ends. */
interface GuardParts {
  readonly limit?: number;
  /** Is given which turn it is, from 0. */
  readonly bindTurn?: (turn: Value) => void;
}

/** Leaves to `exit` once the kernel's turns are used up; goes on in a new block. */
function lowerGuard(state: Lowering, node: ts.Node, exit: Block, guard: GuardParts): void {
  refuseInLock(state, 'a long loop', node);
  const { builder } = state;
  if (!builder.isReachable) return;
  const limit = guard.limit ?? turnsMax;
  if (limit === turnsMax) state.frame.hasGuardedLoop = true;
  const inside = builder.makeBlock();
  const turn = builder.turn(limit);
  builder.branch('ge', turn, builder.constant(limit, 32), exit, inside);
  builder.sealAndStart(inside);
  guard.bindTurn?.(turn);
}

/**
 * How many jumps lead to the exit, to loops around it and out of the function; with the errors,
 * because what was refused may have been one.
 */
function waysOut({ frame, diagnostics }: Lowering, exit: Block): number {
  const around = frame.jumps.flatMap(({ onBreak, onContinue }) =>
    onContinue ? [onBreak, onContinue] : [onBreak],
  );
  const jumps = [exit, ...around].reduce((sum, each) => sum + each.predecessors.length, 0);
  return jumps + frame.ends.length + diagnostics.size;
}

/** @throws Refusal where the guard is the only way out that was added */
function refuseEndless(state: Lowering, node: ts.Node, exit: Block, before: number): void {
  const isGuarded = exit.predecessors.length > 0;
  if (isGuarded && waysOut(state, exit) === before + 1) refuse(node, 'endlessLoop', turnsMax);
}

interface LoopParts {
  readonly condition: ts.Expression | null;
  readonly statement: ts.Statement;
  readonly incrementor: ts.Expression | null;
  readonly label: string | null;
  /** `null` where the verifier may walk every turn. */
  readonly guard: GuardParts | null;
}

function loop(state: Lowering, parts: LoopParts): void {
  const { condition, statement, incrementor, label, guard } = parts;
  const { builder } = state;
  const exit = builder.makeBlock();
  const before = waysOut(state, exit);
  builder.inLoop(() => {
    const [head, body, next] = [builder.makeBlock(), builder.makeBlock(), builder.makeBlock()];
    builder.jump(head);
    builder.start(head);
    if (guard) lowerGuard(state, statement.parent, exit, guard);
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
  const isOpen = guard !== null && guard.limit === undefined;
  if (isOpen) refuseEndless(state, statement.parent, exit, before);
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

/** `for (let i = start; ...; i += step)`, whose body leaves `i` alone. */
interface Counter {
  readonly symbol: ts.Symbol;
  readonly declaration: ts.VariableDeclaration;
  readonly step: number;
  /** With its first value, where both it and the end are known. */
  readonly start: number | null;
  readonly trips: number | null;
}

function counterOf(state: Lowering, node: ts.ForStatement): Counter | null {
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
function knownTurns({ start, step, trips }: Counter): number[] | null {
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

/**
 * Whether the condition compares something that the loop changes with a small number from above, so
 * that the verifier may walk every turn. A loop that this is wrong of is refused by the verifier.
 */
function isBounded(
  state: Lowering,
  node: ts.IterationStatement,
  condition: ts.Expression | undefined,
): boolean {
  const changed = state.world.assignedIn(node);
  const isCounter = (side: ts.Expression): boolean =>
    ts.isIdentifier(side) && changed.has(state.world.symbolOf(side));
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
  return condition !== undefined && bounds(condition);
}
