/**
 * Conditions: what decides where control goes. A condition known when compiling leaves one way
 * only.
 */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { mirrored } from '../ir/comparison.ts';
import type { Block, Value } from '../ir/ir.ts';
import { joinEnds } from './convert.ts';
import { foldBinary } from './known.ts';
import type { Lowering } from './lowering.ts';
import type { ComparedValues, PlainComparison } from './operators.ts';
import { compareIntegers } from './operators.ts';
import type { Computed, Result } from './result.ts';
import { canBeNull, describeResult, known } from './result.ts';

const comparisons: ReadonlyMap<ts.SyntaxKind, PlainComparison> = new Map([
  [ts.SyntaxKind.EqualsEqualsToken, 'eq'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, 'eq'],
  [ts.SyntaxKind.ExclamationEqualsToken, 'ne'],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, 'ne'],
  [ts.SyntaxKind.LessThanToken, 'lt'],
  [ts.SyntaxKind.LessThanEqualsToken, 'le'],
  [ts.SyntaxKind.GreaterThanToken, 'gt'],
  [ts.SyntaxKind.GreaterThanEqualsToken, 'ge'],
]);

/** Whether the token compares two values. */
export function isComparison(kind: ts.SyntaxKind): boolean {
  return comparisons.has(kind);
}

/** Goes to one of the two blocks; the caller seals and starts them. */
export function lowerCondition(
  state: Lowering,
  node: ts.Expression,
  ifTrue: Block,
  ifFalse: Block,
): void {
  if (ts.isParenthesizedExpression(node)) {
    return lowerCondition(state, node.expression, ifTrue, ifFalse);
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return lowerCondition(state, node.operand, ifFalse, ifTrue);
  }
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const { builder } = state;
    if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken) {
      const next = builder.makeBlock();
      const isAnd = kind === ts.SyntaxKind.AmpersandAmpersandToken;
      lowerCondition(state, node.left, isAnd ? next : ifTrue, isAnd ? ifFalse : next);
      builder.sealAndStart(next);
      if (builder.isReachable) lowerCondition(state, node.right, ifTrue, ifFalse);
      return;
    }
    const comparison = comparisons.get(kind);
    if (comparison) return lowerComparison(state, node, comparison, ifTrue, ifFalse);
  }
  branchOnTruth(state, state.expression(node), node, ifTrue, ifFalse);
}

/** Goes to `ifTrue` where JavaScript would call the result true. */
export function branchOnTruth(
  state: Lowering,
  result: Result,
  node: ts.Node,
  ifTrue: Block,
  ifFalse: Block,
): void {
  const { builder } = state;
  if (result.kind === 'group') return builder.jump(ifTrue);
  if (result.kind === 'known') return builder.jump(result.value ? ifTrue : ifFalse);
  if (isNeverNull(result)) return builder.jump(ifTrue);
  if (result.type.kind === 'context') return refuse(node, 'notAValue', describeResult(result));
  builder.branch('ne', result.value, builder.constant(0, result.value.width), ifTrue, ifFalse);
}

function isNeverNull({ type }: Computed): boolean {
  return canBeNull(type) && !type.isNullable;
}

function lowerComparison(
  state: Lowering,
  node: ts.BinaryExpression,
  comparison: PlainComparison,
  ifTrue: Block,
  ifFalse: Block,
): void {
  const [left, right] = state.all([node.left, node.right]) as [Result, Result];
  const { builder } = state;
  if (left.kind === 'known' && right.kind === 'known') {
    const holds = compareKnown(comparison, left.value, right.value);
    return builder.jump(holds ? ifTrue : ifFalse);
  }
  state.at(node);
  const [isLeftNull, isRightNull] = [isNull(left), isNull(right)];
  if (isLeftNull || isRightNull) {
    const other = isLeftNull ? right : left;
    if (other.kind === 'group') return builder.jump(comparison === 'eq' ? ifFalse : ifTrue);
    const [present, absent] = comparison === 'eq' ? [ifFalse, ifTrue] : [ifTrue, ifFalse];
    return branchOnTruth(state, other, node, present, absent);
  }
  if (isObject(left) || isObject(right)) return refuse(node, 'comparePointers');
  const values = compareIntegers(state, comparison, left, right, node);
  noteFacts(state, comparison, values.operands, ifTrue, ifFalse);
  noteSignedFacts(state, comparison, values, ifTrue, ifFalse);
  builder.branch(values.comparison, values.left, values.right, ifTrue, ifFalse);
}

function isNull(result: Result): boolean {
  return result.kind === 'known' && (result.value === null || result.value === undefined);
}

function isObject(result: Result): boolean {
  if (result.kind === 'computed') {
    return result.type.kind !== 'integer' && result.type.kind !== 'boolean';
  }
  return result.kind === 'group';
}

function compareKnown(comparison: PlainComparison, left: unknown, right: unknown): boolean {
  const [a, b] = [left as number, right as number];
  switch (comparison) {
    case 'eq':
      return isEqual(left, right);
    case 'ne':
      return !isEqual(left, right);
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
  }
}

/** 1 and 1n are the same integer; null and undefined the same absence. */
function isEqual(left: unknown, right: unknown): boolean {
  if (typeof left === 'bigint' || typeof right === 'bigint') {
    return isNumeric(left) && isNumeric(right) && foldBinary('sub', left, right) === 0;
  }
  return (
    left === right ||
    (left === null && right === undefined) ||
    (left === undefined && right === null)
  );
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** Remembers upper bounds that hold on one side of a branch, for array indexes. */
function noteFacts(
  state: Lowering,
  comparison: PlainComparison,
  [left, right]: readonly [Computed, Computed],
  ifTrue: Block,
  ifFalse: Block,
): void {
  const note = (value: Value, max: bigint | undefined, block: Block): void => {
    if (max !== undefined && max >= 0n) state.facts.push({ block, value, max });
  };
  const below = (bound: bigint | undefined): bigint | undefined =>
    bound === undefined ? undefined : bound - 1n;
  const isSigned = [left, right].some(({ type }) => type.kind === 'integer' && type.isSigned);
  if (isSigned) return;
  if (comparison === 'lt') note(left.value, below(right.max), ifTrue);
  if (comparison === 'le') note(left.value, right.max, ifTrue);
  if (comparison === 'gt') {
    note(right.value, below(left.max), ifTrue);
    note(left.value, right.max, ifFalse);
  }
  if (comparison === 'ge') {
    note(right.value, left.max, ifTrue);
    note(left.value, below(right.max), ifFalse);
  }
  if (comparison === 'lt') note(right.value, left.max, ifFalse);
  if (comparison === 'le') note(right.value, below(left.max), ifFalse);
  if (comparison === 'eq') note(left.value, right.max, ifTrue);
  if (comparison === 'ne') note(left.value, right.max, ifFalse);
}

/** Remembers what a signed comparison with a number says of the value that is compared itself. */
function noteSignedFacts(
  state: Lowering,
  comparison: PlainComparison,
  { comparison: made, left, right }: ComparedValues,
  ifTrue: Block,
  ifFalse: Block,
): void {
  if (made === comparison) return;
  const isMirrored = left.operation.op === 'constant';
  const [value, { operation, width }] = isMirrored ? [right, left] : [left, right];
  if (operation.op !== 'constant') return;
  const bound = BigInt.asIntN(width, operation.bits);
  const order = isMirrored ? mirrored[comparison] : comparison;
  const max = order === 'lt' || order === 'ge' ? bound - 1n : bound;
  const isBelow = order === 'lt' || order === 'le';
  const [low, high] = isBelow ? [ifTrue, ifFalse] : [ifFalse, ifTrue];
  state.signedFacts.push({ block: low, value, max }, { block: high, value, min: max + 1n });
}

/** A condition whose outcome is wanted as a value. */
export function conditionValue(state: Lowering, node: ts.Expression): Result {
  const { builder } = state;
  const [ifTrue, ifFalse] = [builder.makeBlock(), builder.makeBlock()];
  lowerCondition(state, node, ifTrue, ifFalse);
  const ends = [ifTrue, ifFalse].map((block) => {
    builder.sealAndStart(block);
    return { block: builder.suspend(), result: known(block === ifTrue), node };
  });
  return joinEnds(state, ends, 'condition');
}

/** `condition ? whenTrue : whenFalse` */
export function lowerTernary(state: Lowering, node: ts.ConditionalExpression): Result {
  const { builder } = state;
  const [ifTrue, ifFalse] = [builder.makeBlock(), builder.makeBlock()];
  lowerCondition(state, node.condition, ifTrue, ifFalse);
  const sides: [Block, ts.Expression][] = [
    [ifTrue, node.whenTrue],
    [ifFalse, node.whenFalse],
  ];
  const ends = sides.map(([block, side]) => {
    builder.sealAndStart(block);
    const result = builder.isReachable ? state.expression(side) : known(undefined);
    return { block: builder.suspend(), result, node: side };
  });
  return joinEnds(state, ends, 'ternary');
}

/** `a && b`, `a || b`, `a ?? b` as values. */
export function lowerLogical(state: Lowering, node: ts.BinaryExpression): Result {
  const { builder } = state;
  const { kind } = node.operatorToken;
  const left = state.expression(node.left);
  const [keep, other] = [builder.makeBlock(), builder.makeBlock()];
  if (kind === ts.SyntaxKind.QuestionQuestionToken) {
    branchOnPresence(state, left, node, keep, other);
  } else if (kind === ts.SyntaxKind.BarBarToken) {
    branchOnTruth(state, left, node, keep, other);
  } else {
    branchOnTruth(state, left, node, other, keep);
  }
  builder.sealAndStart(keep);
  const isOr = kind !== ts.SyntaxKind.AmpersandAmpersandToken;
  const kept = isOr ? withoutNull(left) : left;
  const first = { block: builder.suspend(), result: kept, node: node.left };
  builder.sealAndStart(other);
  const result = builder.isReachable ? state.expression(node.right) : known(undefined);
  return joinEnds(
    state,
    [first, { block: builder.suspend(), result, node: node.right }],
    'logical',
  );
}

function branchOnPresence(
  state: Lowering,
  result: Result,
  node: ts.Node,
  present: Block,
  absent: Block,
): void {
  if (result.kind === 'known') return state.builder.jump(isNull(result) ? absent : present);
  if (isObject(result)) return branchOnTruth(state, result, node, present, absent);
  state.builder.jump(present);
}

/** On the path where it has been tested. */
function withoutNull(result: Result): Result {
  if (result.kind !== 'computed') return result;
  const { type } = result;
  if (!canBeNull(type)) return result;
  return { ...result, type: { ...type, isNullable: false } };
}
