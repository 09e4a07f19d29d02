/** `fetchAdd(entry.field, 1)` and its like: one locked instruction on a field. */
import { compareExchange, exchange, fetchAdd, fetchAnd, fetchOr, fetchXor } from '@skep/ebpf';
import type { AnyInteger } from '@skep/ebpf';
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { FetchOperator } from '../ir/ir.ts';
import { convert, toInteger, widen } from './convert.ts';
import type { Lowering } from './lowering.ts';
import type { Place } from './memory.ts';
import { targetOf } from './places.ts';
import { computed, integerTypeOf, widthOf } from './result.ts';
import type { Result } from './result.ts';

const operators: ReadonlyMap<unknown, FetchOperator> = new Map<unknown, FetchOperator>([
  [fetchAdd, 'add'],
  [fetchAnd, 'and'],
  [fetchOr, 'or'],
  [fetchXor, 'xor'],
  [exchange, 'exchange'],
  [compareExchange, 'compareExchange'],
]);

/** Undefined for what is no such function. */
export function fetchOperatorOf(callee: unknown): FetchOperator | undefined {
  return operators.get(callee);
}

/** What the field held before. */
export function lowerFetch(
  state: Lowering,
  operator: FetchOperator,
  node: ts.CallExpression,
): Result {
  const { base, offset, space, field } = atomicPlace(state, node);
  const given = node.arguments.slice(1);
  const expected = operator === 'compareExchange' ? ['expected', 'value'] : ['value'];
  const type = integerTypeOf(field);
  const values = expected.map((name, index) => {
    const argument = given[index] ?? refuse(node, 'missingArgument', name);
    const value = state.expression(argument);
    // What is added may be below zero.
    if (operator !== 'add') return convert(state, value, type, argument);
    return widen(state, toInteger(state, value, argument), widthOf(type));
  });
  state.at(node);
  const access = { offset, size: field.size, space };
  const before = state.builder.atomicFetch(operator, base, access, values);
  return computed(before, type);
}

function atomicPlace(
  state: Lowering,
  node: ts.CallExpression,
): Place & { readonly field: AnyInteger } {
  const name = node.expression.getText();
  const [place] = node.arguments;
  if (!place) return refuse(node, 'missingArgument', 'field');
  const isField = ts.isPropertyAccessExpression(place) || ts.isElementAccessExpression(place);
  if (!isField) return refuse(place, 'atomicField', name, place.getText());
  const target = targetOf(state, place);
  if (target.kind === 'place') {
    const { field } = target.place;
    if (field.kind === 'integer' && field.isAtomic) return { ...target.place, field };
  }
  return refuse(place, 'atomicField', name, place.getText());
}
