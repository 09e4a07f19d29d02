/** Syntax that names a place: a field, an element, a field of the context. */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Block, Value } from '../ir/ir.ts';
import { knownInteger, toInteger } from './convert.ts';
import type { Lowering } from './lowering.ts';
import type { Place } from './memory.ts';
import { elementPlace, fieldPlace } from './memory.ts';
import type { Computed, ComputedPointer, ContextPointer, ContextTarget, Result } from './result.ts';
import { describeResult, isPointer } from './result.ts';

/** The place of `object.name`. */
export function memberPlace(
  state: Lowering,
  object: Result,
  node: ts.PropertyAccessExpression,
): Place {
  if (!isPointer(object)) return refuse(node, 'notAssignable', node.getText());
  refuseGone(state, object, node.expression);
  state.at(node);
  return fieldPlace(object, node.name.text, node.name);
}

/** @throws Refusal where the record was given away on the straight way to here */
export function refuseGone({ builder, gone }: Lowering, { value }: Computed, node: ts.Node): void {
  const ways = gone.filter((each) => each.value === value);
  for (let { block } = builder; block && ways.length > 0; block = onlyPredecessor(block)) {
    const taken = ways.find((each) => each.block === block);
    if (taken) refuse(node, 'recordGone', taken.by, taken.line);
  }
}

function onlyPredecessor({ predecessors }: Block): Block | null {
  return predecessors.length === 1 ? predecessors[0]! : null;
}

/** The place of `array[index]`. */
export function indexedPlace(
  state: Lowering,
  array: ComputedPointer,
  index: Result,
  node: ts.ElementAccessExpression,
): Place {
  const { to, space } = array.type;
  if (to.kind !== 'array') return refuse(node, 'notAssignable', node.getText());
  const place: Place = { base: array.value, offset: array.offset, field: to, space };
  state.at(node);
  if (index.kind === 'known') {
    const at = knownInteger(index.value, node.argumentExpression);
    if (at < 0n || at >= BigInt(to.count)) {
      return refuse(node.argumentExpression, 'indexOutOfRange', at, to.count, to.count - 1);
    }
    return elementPlace(place, Number(at));
  }
  const computedIndex = toInteger(state, index, node.argumentExpression);
  requireIndex(state, computedIndex, to.count, node.argumentExpression);
  return {
    ...place,
    base: elementBase(state, array.value, computedIndex, to.element.size),
    field: to.element,
  };
}

/** @throws Refusal where the index may be outside of `count` elements */
function requireIndex(state: Lowering, index: Computed, count: number, node: ts.Node): void {
  const isSigned = index.type.kind === 'integer' && index.type.isSigned;
  const isInside = isSigned ? isWithin : isBelow;
  if (isInside(state, index, BigInt(count))) return;
  const outside = isSigned ? `i < 0 || i >= ${count}` : `i >= ${count}`;
  refuse(node, 'indexUnbounded', count, maskFor(count), outside);
}

/** The largest mask that keeps an index inside. */
function maskFor(count: number): number {
  return 2 ** Math.floor(Math.log2(count)) - 1;
}

function elementBase(state: Lowering, base: Value, index: Computed, size: number): Value {
  const { builder } = state;
  const wide = builder.resize(index.value, 64);
  const bytes = size === 1 ? wide : builder.binary('mul', wide, builder.constant(size, 64));
  return builder.binary('add', base, bytes);
}

/** Whether the value's range, or a comparison on every path to here, keeps it below the bound. */
export function isBelow(state: Lowering, index: Computed, bound: bigint): boolean {
  if (index.type.kind === 'integer' && index.type.isSigned) return false;
  if (index.max !== undefined && index.max < bound) return true;
  const { block } = state.builder;
  if (!block) return true;
  return state.facts.some(
    (fact) => fact.max < bound && isSource(index.value, fact.value) && dominates(fact.block, block),
  );
}

/** As `isBelow`, of a signed value, which must not be below zero either. */
function isWithin({ builder, signedFacts }: Lowering, { value }: Computed, bound: bigint): boolean {
  const { block } = builder;
  if (!block) return true;
  const holding = signedFacts.filter(
    (fact) => fact.value === value && dominates(fact.block, block),
  );
  const isAbove = holding.some(({ min }) => min !== undefined && min >= 0n);
  return isAbove && holding.some(({ max }) => max !== undefined && max < bound);
}

/** Widening keeps an unsigned value. */
function isSource(value: Value, source: Value): boolean {
  if (value === source) return true;
  const isWidened = value.operation.op === 'zeroExtend' && value.operands[0] === source;
  return isWidened || (source.operation.op === 'zeroExtend' && source.operands[0] === value);
}

/** Whether every path to `block` goes through `dominator`, as far as the graph is built. */
function dominates(dominator: Block, block: Block): boolean {
  if (dominator.predecessors.length !== 1) return false;
  const seen = new Set<Block>([dominator]);
  const open = [block];
  for (let next = open.pop(); next; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (next.predecessors.length === 0) return false;
    open.push(...next.predecessors);
  }
  return true;
}

/** `object[index]` on an array in memory; `null` when the object is known when compiling. */
export function elementPlaceOf(state: Lowering, node: ts.ElementAccessExpression): Place {
  const array = state.expression(node.expression);
  const index = state.expression(node.argumentExpression);
  if (!isPointer(array)) return refuse(node, 'notAssignable', describeResult(array));
  return indexedPlace(state, array, index, node);
}

function contextIn(object: Result): ContextPointer | null {
  const isContext = object.kind === 'computed' && object.type.kind === 'context';
  return isContext ? (object as ContextPointer) : null;
}

function elementTarget(state: Lowering, node: ts.ElementAccessExpression): Target {
  const array = node.expression;
  if (ts.isPropertyAccessExpression(array)) {
    const context = contextIn(state.expression(array.expression));
    const name = array.name.text;
    if (context) {
      const index = state.expression(node.argumentExpression);
      return { kind: 'contextField', context, name, index };
    }
  }
  return { kind: 'place', place: elementPlaceOf(state, node) };
}

/** What an assignment writes to. */
export type Target =
  | { readonly kind: 'name'; readonly symbol: ts.Symbol }
  | { readonly kind: 'place'; readonly place: Place }
  | ({ readonly kind: 'contextField' } & ContextTarget);

/** The target of an assignment; what it is reached through is lowered once. */
export function targetOf(state: Lowering, node: ts.Expression): Target {
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) {
    return targetOf(state, node.expression);
  }
  if (ts.isIdentifier(node)) return { kind: 'name', symbol: state.world.symbolOf(node) };
  if (ts.isPropertyAccessExpression(node)) {
    const object = state.expression(node.expression);
    const context = contextIn(object);
    if (context) return { kind: 'contextField', context, name: node.name.text, index: null };
    return { kind: 'place', place: memberPlace(state, object, node) };
  }
  if (ts.isElementAccessExpression(node)) return elementTarget(state, node);
  if (ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node)) {
    return refuse(node, 'destructuring');
  }
  return refuse(node, 'notAssignable', node.getText());
}
