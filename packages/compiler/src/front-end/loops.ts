/**
 * Loops. Counting loops of few known turns and loops over known arrays are unrolled, the counter
 * being known in each turn; those of some more become loops that the verifier walks turn by turn.
 * All others, long or without end in sight, begin each turn by asking which turn it is: what that
 * becomes depends on the kernel (`codegen/loops`).
 */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { convert, knownInteger, toInteger } from './convert.ts';
import { type Counter, counterOf, isBounded, knownTurns } from './counters.ts';
import { refuseInLock } from './locks.ts';
import { type Block, turnsMax, type Value } from '../ir/ir.ts';
import type { Lowering } from './lowering.ts';
import { elementPlace, readPlace } from './memory.ts';
import type { Result } from './result.ts';
import { computed, describeResult, describeType, isPointer, known, widthOf } from './result.ts';
import { variableTypeOf } from './variables.ts';

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
  const counter = counterOf(state, node);
  const turns = counter && knownTurns(counter);
  if (counter && turns && turns.length <= unrolledTurns) {
    const values = turns.map((value) => counterResult(state, counter, value));
    return unroll(state, counter.symbol, values, node.statement, label);
  }
  const { initializer, condition = null, incrementor = null, statement } = node;
  if (counter && !turns && !isBounded(state, node, condition)) {
    return lowerCounted(state, node, label, counter);
  }
  if (initializer && ts.isVariableDeclarationList(initializer)) lowerVariables(state, initializer);
  else if (initializer) state.expression(initializer);
  const isDown = counter !== null && turns !== null && counter.step < 0;
  const test = isDown ? untilPassed(state, node, counter, turns.length) : condition;
  const guard = turns || isBounded(state, node, condition) ? null : {};
  loop(state, { test, incrementor, statement, label, guard });
}

/** A known value of a counter, typed as it is declared: it wraps as in a long loop. */
function counterResult(state: Lowering, { declaration }: Counter, value: number): Result {
  if (!declaration.type) return known(value);
  const type = variableTypeOf(state, declaration, known(value));
  const constant = convert(state, known(value), type, declaration);
  return computed(constant, type, value >= 0 ? BigInt(value) : undefined);
}

/**
 * Goes on until the counter is what it is after its last turn. An unsigned one never gets below
 * zero, which is where many a loop that counts down ends.
 */
function untilPassed(
  state: Lowering,
  node: ts.ForStatement,
  counter: Counter,
  trips: number,
): Test {
  const { declaration, start, step } = counter;
  const name = declaration.name as ts.Identifier;
  return (body, exit) => {
    const { builder } = state;
    const { value } = toInteger(state, state.expression(name), node);
    const last = builder.constant(start! + trips * step, value.width);
    builder.branch('ne', value, last, body, exit);
  };
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
  loop(state, { test: condition, incrementor: null, statement: node.statement, label, guard });
}

/** `while (condition)` */
export function lowerWhile(state: Lowering, node: ts.WhileStatement, label: string | null): void {
  const { expression: test, statement } = node;
  const guard = isBounded(state, node, test) ? null : {};
  loop(state, { test, incrementor: null, statement, label, guard });
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

/** Goes to the one block or the other. */
type Test = (body: Block, exit: Block) => void;

interface LoopParts {
  readonly test: ts.Expression | Test | null;
  readonly statement: ts.Statement;
  readonly incrementor: ts.Expression | null;
  readonly label: string | null;
  /** `null` where the verifier may walk every turn. */
  readonly guard: GuardParts | null;
}

function loop(state: Lowering, parts: LoopParts): void {
  const { test, statement, incrementor, label, guard } = parts;
  const { builder } = state;
  const exit = builder.makeBlock();
  const before = waysOut(state, exit);
  builder.inLoop(() => {
    const [head, body, next] = [builder.makeBlock(), builder.makeBlock(), builder.makeBlock()];
    builder.jump(head);
    builder.start(head);
    if (guard) lowerGuard(state, statement.parent, exit, guard);
    if (typeof test === 'function') test(body, exit);
    else if (test) state.test(test, body, exit);
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
