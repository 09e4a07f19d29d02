/** Expressions: one rule for each kind of syntax; what has no rule is refused by name. */
import { type ArrayField, LoadTime, MemoryMap } from '@skep/ebpf';
import ts from '@typescript/typescript6';
import type { DiagnosticName } from '../diagnostics/table.ts';
import { refuse } from '../diagnostics/report.ts';
import { lowerAssignment, lowerStep } from './assignments.ts';
import { lowerCall } from './calls.ts';
import {
  branchOnTruth,
  conditionValue,
  isComparison,
  lowerLogical,
  lowerTernary,
} from './conditions.ts';
import { isContext, readContextElement, readContextField } from './context.ts';
import { joinEnds, knownInteger } from './convert.ts';
import { isKernelStruct, readKernelField } from './kernel-structs.ts';
import type { Lowering } from './lowering.ts';
import { readPlace } from './memory.ts';
import { arithmetic, complement, negate } from './operators.ts';
import { indexedPlace, memberPlace } from './places.ts';
import type { Result, Struct } from './result.ts';
import {
  computed,
  ContextArray,
  describeResult,
  integerTypeOf,
  isPointer,
  known,
  nothing,
  pointer,
  widthOf,
} from './result.ts';
import { lowerNew, memberOf } from './structs.ts';
import { binaryOperators, kindOf } from './syntax.ts';

const refused: ReadonlyMap<ts.SyntaxKind, DiagnosticName> = new Map([
  [ts.SyntaxKind.ArrowFunction, 'closure'],
  [ts.SyntaxKind.FunctionExpression, 'closure'],
  [ts.SyntaxKind.TemplateExpression, 'templateString'],
  [ts.SyntaxKind.TaggedTemplateExpression, 'templateString'],
  [ts.SyntaxKind.AwaitExpression, 'asyncFunction'],
  [ts.SyntaxKind.SpreadElement, 'spread'],
] as const);

/** Any expression, by the rule of its syntax. */
export function lowerExpression(state: Lowering, node: ts.Expression): Result {
  if (isTransparent(node)) return lowerExpression(state, node.expression);
  if (ts.isIdentifier(node)) return lowerName(state, node);
  const literal = literalOf(node);
  if (literal) return literal;
  if (ts.isPropertyAccessExpression(node)) return lowerMember(state, node);
  if (ts.isElementAccessExpression(node)) return lowerElement(state, node);
  if (ts.isCallExpression(node)) return lowerCall(state, node);
  if (ts.isNewExpression(node)) return lowerNew(state, node);
  if (ts.isBinaryExpression(node)) return lowerBinary(state, node);
  if (ts.isPrefixUnaryExpression(node)) return lowerPrefix(state, node);
  if (ts.isPostfixUnaryExpression(node)) return lowerStep(state, node, node.operand, node.operator);
  if (ts.isConditionalExpression(node)) return lowerTernary(state, node);
  if (ts.isObjectLiteralExpression(node)) return lowerGroup(state, node);
  if (ts.isArrayLiteralExpression(node)) return lowerList(state, node);
  if (ts.isVoidExpression(node)) {
    state.expression(node.expression);
    return nothing;
  }
  const name = refused.get(node.kind);
  if (name) return refuse(node, name, 'await');
  return refuse(node, 'expression', kindOf(node));
}

type Wrapping =
  | ts.ParenthesizedExpression
  | ts.AsExpression
  | ts.NonNullExpression
  | ts.SatisfiesExpression;

/** Brackets and type assertions change no value. */
function isTransparent(node: ts.Expression): node is Wrapping {
  return (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node)
  );
}

function literalOf(node: ts.Expression): Result | null {
  if (ts.isNumericLiteral(node)) return numberOf(node);
  if (ts.isBigIntLiteral(node)) return known(BigInt(node.text.slice(0, -1)));
  if (ts.isStringLiteralLike(node)) return known(node.text);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return known(true);
  if (node.kind === ts.SyntaxKind.FalseKeyword) return known(false);
  return node.kind === ts.SyntaxKind.NullKeyword ? known(null) : null;
}

/** @throws Refusal at the literal itself: an operand is refused with all of its expression */
function numberOf(node: ts.NumericLiteral): Result {
  const value = Number(node.text);
  if (Number.isInteger(value)) knownInteger(value, node);
  return known(value);
}

function lowerName(state: Lowering, node: ts.Identifier): Result {
  const symbol = state.world.symbolOf(node);
  const binding = state.bindingOf(symbol);
  if (binding?.kind === 'result') return binding.result;
  if (binding) {
    const value = state.builder.read(binding.variable, state.world.positionOf(node));
    if (binding.type.kind !== 'pointer') return computed(value, binding.type);
    const { to, space, isNullable } = binding.type;
    return pointer(value, to, space, { isNullable });
  }
  return resultOf(state, state.world.liveValue(symbol, node));
}

/** A live value as programs see it: memory in place, all else known when compiling. */
function resultOf(state: Lowering, live: unknown): Result {
  if (!(live instanceof MemoryMap)) return known(live);
  const layout = live.value as Struct | ArrayField;
  return pointer(state.builder.mapValue(state.world.shapeOf(live)), layout, 'map');
}

function lowerMember(state: Lowering, node: ts.PropertyAccessExpression): Result {
  if (node.questionDotToken) return refuse(node, 'optionalChain');
  const object = state.expression(node.expression);
  return readMember(state, object, node);
}

/** `object.name` of a result. */
export function readMember(
  state: Lowering,
  object: Result,
  node: ts.PropertyAccessExpression,
): Result {
  const name = node.name.text;
  if (object.kind === 'known') return knownMember(state, object.value, name, node);
  if (object.kind === 'group') {
    const member = object.members.get(name);
    const names = [...object.members.keys()].join(', ');
    return member ?? refuse(node.name, 'unknownField', 'the object', name, names);
  }
  if (isContext(object)) {
    state.at(node);
    return readContextField(state, object, name, node.name);
  }
  if (isKernelStruct(object)) {
    state.at(node);
    return readKernelField(state, object, name, node.name);
  }
  if (isPointer(object) && object.type.to.kind === 'array' && name === 'length') {
    return known(object.type.to.count);
  }
  return readPlace(state, memberPlace(state, object, node));
}

function knownMember(
  state: Lowering,
  object: unknown,
  name: string,
  node: ts.PropertyAccessExpression,
): Result {
  if (object instanceof LoadTime) {
    const field = object.fields[name];
    const names = Object.keys(object.fields).join(', ');
    if (!field) return refuse(node.name, 'unknownField', 'the object', name, names);
    const type = integerTypeOf(field);
    return computed(state.builder.loadTime(name, widthOf(type)), type);
  }
  if (object === null || object === undefined) return refuse(node.expression, 'missingNullCheck');
  const member = (object as Record<string, unknown>)[name];
  if (member === undefined) state.world.refuseAsTyped(node.name);
  return resultOf(state, member);
}

function lowerElement(state: Lowering, node: ts.ElementAccessExpression): Result {
  if (node.questionDotToken) return refuse(node, 'optionalChain');
  const array = state.expression(node.expression);
  const index = state.expression(node.argumentExpression);
  if (isPointer(array)) return readPlace(state, indexedPlace(state, array, index, node));
  if (array.kind === 'known' && array.value instanceof ContextArray) {
    state.at(node);
    return readContextElement(state, array.value, index, node.argumentExpression);
  }
  if (array.kind !== 'known') return refuse(node, 'notAValue', describeResult(array));
  if (index.kind !== 'known') return refuse(node.argumentExpression, 'mustBeKnown', 'this index');
  return knownElement(array.value, index.value, node);
}

function knownElement(array: unknown, index: unknown, node: ts.ElementAccessExpression): Result {
  if (array === null || typeof array !== 'object') {
    return refuse(node.expression, 'notAValue', describeResult(known(array)));
  }
  const isList = Array.isArray(array) || ArrayBuffer.isView(array);
  if (isList) {
    const { length } = array as unknown as { readonly length: number };
    const at = knownInteger(index, node.argumentExpression);
    if (at < 0n || at >= BigInt(length)) {
      return refuse(node.argumentExpression, 'indexOutOfRange', at, length, length - 1);
    }
  }
  return known((array as Record<string, unknown>)[String(index)]);
}

function lowerBinary(state: Lowering, node: ts.BinaryExpression): Result {
  const { kind } = node.operatorToken;
  if (isLogical(kind)) {
    if (kind === ts.SyntaxKind.QuestionQuestionToken) return lowerFallback(state, node);
    return lowerLogical(state, node);
  }
  if (isComparison(kind)) return conditionValue(state, node);
  if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) {
    return lowerAssignment(state, node);
  }
  if (kind === ts.SyntaxKind.CommaToken) {
    state.expression(node.left);
    return state.expression(node.right);
  }
  const operator = binaryOperators.get(kind);
  if (!operator) return refuse(node.operatorToken, 'operator', node.operatorToken.getText());
  const [left, right] = state.all([node.left, node.right]) as [Result, Result];
  state.at(node);
  return arithmetic(state, operator, left, right, node);
}

function isLogical(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  );
}

/** `a ?? b`, and `a?.b ?? c`, which reads b only where a is not null. */
function lowerFallback(state: Lowering, node: ts.BinaryExpression): Result {
  const left = node.left;
  if (!ts.isPropertyAccessExpression(left) || !left.questionDotToken) {
    return lowerLogical(state, node);
  }
  const { builder } = state;
  const object = state.expression(left.expression);
  const [present, absent] = [builder.makeBlock(), builder.makeBlock()];
  branchOnTruth(state, object, node, present, absent);
  builder.sealAndStart(present);
  const read = builder.isReachable ? readMember(state, object, left) : nothing;
  const first = { block: builder.suspend(), result: read, node: left };
  builder.sealAndStart(absent);
  const result = builder.isReachable ? state.expression(node.right) : nothing;
  const second = { block: builder.suspend(), result, node: node.right };
  return joinEnds(state, [first, second], left.name.text);
}

function lowerPrefix(state: Lowering, node: ts.PrefixUnaryExpression): Result {
  const { operator, operand } = node;
  if (operator === ts.SyntaxKind.ExclamationToken) return conditionValue(state, node);
  if (operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken) {
    return lowerStep(state, node, operand, operator);
  }
  const result = state.expression(operand);
  if (operator === ts.SyntaxKind.MinusToken) return negate(state, result, node);
  return operator === ts.SyntaxKind.TildeToken ? complement(state, result, node) : result;
}

/** An object literal that is no struct: its members stay apart. */
function lowerGroup(state: Lowering, node: ts.ObjectLiteralExpression): Result {
  const members = new Map<string, Result>();
  for (const each of node.properties) {
    const { name, value } = memberOf(each);
    members.set(name, state.expression(value));
  }
  const results = [...members.values()];
  if (!results.every((each) => each.kind === 'known')) return { kind: 'group', members };
  const entries = [...members].map(([name, each]) => [name, each.kind === 'known' && each.value]);
  return known(Object.fromEntries(entries));
}

function lowerList(state: Lowering, node: ts.ArrayLiteralExpression): Result {
  const values = node.elements.map((element) => {
    const result = state.expression(element);
    if (result.kind !== 'known') return refuse(element, 'mustBeKnown', 'an element of a list');
    return result.value;
  });
  return known(values);
}
