/**
 * Making structs: `new Name({ ... })`, and literals where the struct is known (keys, values,
 * fields).
 */
import type { Field } from '@skep/ebpf';
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Lowering } from './lowering.ts';
import type { Place } from './memory.ts';
import { elementPlace, makeSlot, requireLayout, writePlace, zeroBytes } from './memory.ts';
import type { ComputedPointer, Pointee, Result, Struct } from './result.ts';
import { describeResult, isPointer, isStruct, known, nameOf } from './result.ts';

/** What is written to a field: a result, or a literal of the field's own layout. */
type Initial =
  | { readonly result: Result }
  | { readonly literal: ts.Expression }
  | { readonly isWritten: true };

/** `new Name({ ... })` on the stack. */
export function lowerNew(state: Lowering, node: ts.NewExpression): Result {
  const struct = state.expression(node.expression);
  if (struct.kind !== 'known' || !isStruct(struct.value)) {
    return refuse(node, 'expression', `new ${node.expression.getText()}`);
  }
  return makeStruct(state, struct.value, node.arguments?.[0], node);
}

/** A struct on the stack, every byte written: the kernel compares map keys padding included. */
export function makeStruct(
  state: Lowering,
  struct: Struct,
  init: ts.Expression | undefined,
  node: ts.Node,
): ComputedPointer {
  const slot = makeSlot(state, nameOf(struct), struct, node);
  const target: Place = { base: slot.value, offset: 0, field: struct, space: 'stack' };
  fillStruct(state, target, struct, init);
  return slot;
}

function fillStruct(
  state: Lowering,
  target: Place,
  struct: Struct,
  init: ts.Expression | undefined,
): void {
  const initials = initialsOf(state, target, struct, init);
  if (struct.isUnion && initials.size > 1) {
    return refuse(init!, 'unionMembers', nameOf(struct), [...initials.keys()].join(', '));
  }
  let at = 0;
  for (const { name, offset, field } of struct.fields) {
    const initial = initials.get(name);
    if (!initial) continue;
    zeroBytes(state, target, at, offset);
    const place = { ...target, offset: target.offset + offset, field };
    fillField(state, place, initial.initial, initial.node);
    at = offset + field.size;
  }
  zeroBytes(state, target, at, struct.size);
}

interface NodeInitial {
  readonly initial: Initial;
  readonly node: ts.Node;
}

/** The members in the order they were written, so that their effects happen in that order. */
function initialsOf(
  state: Lowering,
  target: Place,
  struct: Struct,
  init: ts.Expression | undefined,
): Map<string, NodeInitial> {
  if (!init) return new Map();
  const literal = withoutWrapping(init);
  if (!ts.isObjectLiteralExpression(literal)) return initialsOfValue(state, struct, init);
  return new Map(state.each(literal.properties, (each) => initialOf(state, target, struct, each)));
}

function initialOf(
  state: Lowering,
  target: Place,
  struct: Struct,
  member: ts.ObjectLiteralElementLike,
): [string, NodeInitial] {
  const { name, value } = memberOf(member);
  const field = struct.fields.find((each) => each.name === name);
  if (!field) {
    const names = struct.fields.map((each) => each.name).join(', ');
    return refuse(member, 'unknownField', nameOf(struct), name, names);
  }
  if (isLiteralFor(value, field.field)) return [name, { initial: { literal: value }, node: value }];
  const result = state.expression(value);
  if (!isWrittenAtOnce(state, field.field, result)) {
    return [name, { initial: { result }, node: value }];
  }
  const place = { ...target, offset: target.offset + field.offset, field: field.field };
  writePlace(state, place, result, value);
  return [name, { initial: { isWritten: true }, node: value }];
}

/**
 * A number that waits for the others would take a register or a place of its own on the stack. In a
 * loop it waits: what the slot holds of the last turn, the others may still ask for.
 */
function isWrittenAtOnce({ builder }: Lowering, field: Field, result: Result): boolean {
  return field.kind === 'integer' && result.kind === 'computed' && !builder.isInLoop;
}

/** A known object, or a group of results. */
function initialsOfValue(
  state: Lowering,
  struct: Struct,
  node: ts.Expression,
): Map<string, NodeInitial> {
  const value = state.expression(node);
  const read = (name: string): Result | undefined => {
    if (value.kind === 'group') return value.members.get(name);
    const object = value.kind === 'known' ? value.value : undefined;
    if (typeof object !== 'object' || object === null) {
      return refuse(node, 'wrongStruct', nameOf(struct), describeResult(value));
    }
    const member = (object as Record<string, unknown>)[name];
    return member === undefined ? undefined : known(member);
  };
  const initials = new Map<string, NodeInitial>();
  for (const { name } of struct.fields) {
    const result = read(name);
    if (result) initials.set(name, { initial: { result }, node });
  }
  return initials;
}

/** Name and value of a plain member of an object literal. */
export function memberOf(member: ts.ObjectLiteralElementLike): {
  readonly name: string;
  readonly value: ts.Expression;
} {
  if (ts.isShorthandPropertyAssignment(member)) {
    return { name: member.name.text, value: member.name };
  }
  if (ts.isSpreadAssignment(member)) return refuse(member, 'spread');
  if (!ts.isPropertyAssignment(member)) return refuse(member, 'closure');
  const { name } = member;
  if (!ts.isIdentifier(name) && !ts.isStringLiteral(name)) {
    return refuse(name, 'expression', 'a computed member name');
  }
  return { name: name.text, value: member.initializer };
}

function withoutWrapping(node: ts.Expression): ts.Expression {
  const isWrapped =
    ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node);
  return isWrapped ? withoutWrapping(node.expression) : node;
}

function isLiteralFor(node: ts.Expression, field: Field): boolean {
  const inner = withoutWrapping(node);
  if (field.kind === 'struct') return ts.isObjectLiteralExpression(inner);
  return field.kind === 'array' && ts.isArrayLiteralExpression(inner);
}

function fillField(state: Lowering, place: Place, initial: Initial, node: ts.Node): void {
  if ('isWritten' in initial) return;
  if ('result' in initial) {
    const { field } = place;
    const { result } = initial;
    const isObject = result.kind === 'known' && typeof result.value === 'object';
    if (field.kind === 'struct' && isObject && result.value !== null) {
      return fillKnown(state, place, field, result.value as object, node);
    }
    return writePlace(state, place, result, node);
  }
  fillLiteral(state, place, withoutWrapping(initial.literal));
}

function fillLiteral(state: Lowering, place: Place, literal: ts.Expression): void {
  const { field } = place;
  if (field.kind === 'struct') return fillStruct(state, place, field, literal);
  if (field.kind !== 'array' || !ts.isArrayLiteralExpression(literal)) {
    return refuse(literal, 'literalWithoutStruct');
  }
  const { elements } = literal;
  if (elements.length !== field.count) {
    return refuse(literal, 'arrayLength', field.count, elements.length);
  }
  elements.forEach((element, index) => {
    const target = elementPlace(place, index);
    if (isLiteralFor(element, target.field)) fillLiteral(state, target, withoutWrapping(element));
    else writePlace(state, target, state.expression(element), element);
  });
}

/** A struct made by JavaScript at module level. */
function fillKnown(
  state: Lowering,
  place: Place,
  struct: Struct,
  value: object,
  node: ts.Node,
): void {
  const given = struct.fields.filter(
    (each) => (value as Record<string, unknown>)[each.name] !== undefined,
  );
  if (struct.isUnion && given.length > 1) {
    return refuse(node, 'unionMembers', nameOf(struct), given.map(({ name }) => name).join(', '));
  }
  let at = 0;
  for (const { name, offset, field } of given) {
    const member = (value as Record<string, unknown>)[name];
    zeroBytes(state, place, at, offset);
    const target = { ...place, offset: place.offset + offset, field };
    fillField(state, target, { result: known(member) }, node);
    at = offset + field.size;
  }
  zeroBytes(state, place, at, struct.size);
}

/** An argument that the kernel takes by address: a struct, a literal of one, or a plain integer. */
export function lowerByAddress(
  state: Lowering,
  layout: Pointee,
  node: ts.Expression,
  name: string,
): ComputedPointer {
  if (layout.kind === 'struct') {
    const literal = withoutWrapping(node);
    if (ts.isObjectLiteralExpression(literal)) return makeStruct(state, layout, literal, node);
  }
  const result = state.expression(node);
  if (layout.kind === 'cell') {
    const slot = makeSlot(state, name, layout, node);
    const place: Place = { base: slot.value, offset: 0, field: layout.field, space: 'stack' };
    writePlace(state, place, result, node);
    return slot;
  }
  if (result.kind === 'known' && layout.kind === 'struct' && isInstance(result.value)) {
    const slot = makeSlot(state, name, layout, node);
    const place: Place = { base: slot.value, offset: 0, field: layout, space: 'stack' };
    fillKnown(state, place, layout, result.value, node);
    return slot;
  }
  if (!isPointer(result))
    return refuse(node, 'wrongStruct', nameOf(layout), describeResult(result));
  requireLayout(result, layout, node);
  return result;
}

function isInstance(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
