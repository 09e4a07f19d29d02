/** Assignments: `=`, `+=` and its like, `++` and `--`. */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { BinaryOperator } from '../ir/ir.ts';
import { readContextElement, readContextField, writeContextField } from './context.ts';
import { convert, toInteger } from './convert.ts';
import type { Lowering } from './lowering.ts';
import { addAtomically, readPlace, writePlace } from './memory.ts';
import { arithmetic, negate } from './operators.ts';
import type { Target } from './places.ts';
import { targetOf } from './places.ts';
import type { Result } from './result.ts';
import { ContextArray, computed, known, nothing } from './result.ts';
import { assignmentOperators } from './syntax.ts';

/** `target = value`, `target += value` and their like. */
export function lowerAssignment(state: Lowering, node: ts.BinaryExpression): Result {
  const { kind } = node.operatorToken;
  if (kind === ts.SyntaxKind.EqualsToken) {
    const target = targetOf(state, node.left);
    const result = assignedValue(state, target, node.right);
    state.at(node);
    writeTarget(state, target, result, node);
    return result;
  }
  const operator = assignmentOperators.get(kind);
  if (!operator) return refuse(node.operatorToken, 'operator', node.operatorToken.getText());
  const target = targetOf(state, node.left);
  const right = state.expression(node.right);
  state.at(node);
  return update(state, target, operator, right, node).after;
}

/** A struct literal on the right takes the layout of the left. */
function assignedValue(state: Lowering, target: Target, right: ts.Expression): Result {
  const isStruct = target.kind === 'place' && target.place.field.kind === 'struct';
  if (!isStruct || !ts.isObjectLiteralExpression(right)) return state.expression(right);
  return refuse(right, 'literalWithoutStruct');
}

/** `target++`, `--target` and their like. */
export function lowerStep(
  state: Lowering,
  node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression,
  operand: ts.Expression,
  operator: ts.SyntaxKind,
): Result {
  const target = targetOf(state, operand);
  const step = operator === ts.SyntaxKind.PlusPlusToken ? 'add' : 'sub';
  state.at(node);
  const { before, after } = update(state, target, step, known(1), node);
  return ts.isPostfixUnaryExpression(node) ? before : after;
}

function update(
  state: Lowering,
  target: Target,
  operator: BinaryOperator,
  right: Result,
  node: ts.Node,
): { readonly before: Result; readonly after: Result } {
  if (target.kind === 'place') {
    const { field } = target.place;
    if (field.kind === 'integer' && field.isAtomic) {
      if (!ts.isExpressionStatement(node.parent)) return refuse(node, 'atomicOperator');
      if (operator !== 'add' && operator !== 'sub') return refuse(node, 'atomicOperator');
      const amount = operator === 'sub' ? negate(state, right, node) : right;
      addAtomically(state, target.place, field, toInteger(state, amount, node));
      return { before: nothing, after: nothing };
    }
  }
  const before = readTarget(state, target, node);
  const after = arithmetic(state, operator, before, right, node);
  writeTarget(state, target, after, node);
  return { before, after: target.kind === 'name' ? readTarget(state, target, node) : after };
}

function readTarget(state: Lowering, target: Target, node: ts.Node): Result {
  if (target.kind === 'place') return readPlace(state, target.place);
  if (target.kind === 'contextField') {
    const read = readContextField(state, target.context, target.name, node);
    const isArray = read.kind === 'known' && read.value instanceof ContextArray;
    if (!isArray || !target.index) return read;
    return readContextElement(state, read.value as ContextArray, target.index, node);
  }
  const binding = state.bindingOf(target.symbol);
  if (!binding) return known(state.world.liveValue(target.symbol, node));
  if (binding.kind === 'result') return binding.result;
  return computed(state.builder.read(binding.variable), binding.type);
}

function writeTarget(state: Lowering, target: Target, result: Result, node: ts.Node): void {
  if (target.kind === 'place') return writePlace(state, target.place, result, node);
  if (target.kind === 'contextField') {
    return writeContextField(state, target, result, node);
  }
  const binding = state.bindingOf(target.symbol);
  if (!binding) {
    state.world.liveValue(target.symbol, node);
    return refuse(node, 'notAssignable', target.symbol.name);
  }
  if (binding.kind === 'result') return refuse(node, 'notAssignable', target.symbol.name);
  state.builder.write(binding.variable, convert(state, result, binding.type, node));
}
