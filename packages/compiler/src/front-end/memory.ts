/** Places in memory: reading, writing, copying and filling structs, arrays and their fields. */
import type { AnyInteger, Field } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Access, Space, Value } from '../ir/ir.ts';
import { convert, toInteger, widen } from './convert.ts';
import type { Lowering } from './lowering.ts';
import type { Computed, ComputedPointer, Pointee, Result } from './result.ts';
import {
  computed,
  describeResult,
  booleanByteType,
  integerTypeOf,
  isPointer,
  nameOf,
  pointer,
  widthOf,
} from './result.ts';

/** One field at a base address. */
export interface Place {
  readonly base: Value;
  readonly offset: number;
  readonly field: Field;
  readonly space: Space;
}

const stackBytes = 512;

/** A new object on the stack; its bytes are undefined. */
export function makeSlot(
  state: Lowering,
  name: string,
  layout: Pointee,
  node: ts.Node,
): ComputedPointer {
  if (layout.size > stackBytes) return refuse(node, 'stackTooSmall', name, layout.size);
  return pointer(state.builder.slot(name, layout.size), layout, 'stack');
}

/** The field of a struct, or the value of a cell. */
export function fieldPlace(object: ComputedPointer, name: string, node: ts.Node): Place {
  const { to, space } = object.type;
  if (object.type.isNullable && object.value.operation.op === 'constant') {
    return refuse(node, 'missingNullCheck');
  }
  const at = { base: object.value, space };
  if (to.kind === 'cell' && name === 'value') {
    return { ...at, offset: object.offset, field: to.field };
  }
  if ('kernelName' in to) return refuse(node, 'kernelWords', nameOf(to));
  const fields = to.kind === 'struct' ? to.fields : [];
  const found = fields.find((each) => each.name === name);
  if (!found) {
    const names = fields.map((each) => each.name).join(', ') || 'value';
    return refuse(node, 'unknownField', nameOf(to), name, names);
  }
  return { ...at, offset: object.offset + found.offset, field: found.field };
}

/** Integers are loaded; structs and arrays stay where they are. */
export function readPlace(state: Lowering, place: Place): Result {
  const { base, offset, field, space } = place;
  if (field.kind !== 'integer') return pointer(base, field, space, { offset });
  const type = field.type === 'bool' ? booleanByteType : integerTypeOf(field);
  const loaded = loadBytes(state, place, field);
  const max = field.size < 8 && !field.isSigned ? (1n << BigInt(field.size * 8)) - 1n : undefined;
  if (!field.isBigEndian) return computed(loaded, type, max);
  // The verifier forgets the bounds of what was swapped: no `max`.
  return computed(state.builder.byteSwap(loaded, (field.size * 8) as 16 | 32 | 64), type);
}

/** Stack accesses must be aligned: what a packed struct misplaces is read in parts. */
function loadBytes(state: Lowering, { base, offset, space }: Place, field: AnyInteger): Value {
  const { builder } = state;
  const part = accessSize(offset, field.size, space);
  if (part === field.size) {
    return builder.load(base, { offset, size: part, space, ...atomicity(space, field) });
  }
  const width = field.size === 8 ? 64 : 32;
  let whole = builder.constant(0, width);
  for (let at = 0; at < field.size; at += part) {
    const piece = builder.load(base, { offset: offset + at, size: part, space });
    const moved = builder.binary(
      'shl',
      builder.resize(piece, width),
      builder.constant(at * 8, width),
    );
    whole = at === 0 ? builder.resize(piece, width) : builder.binary('or', whole, moved);
  }
  return whole;
}

/** Nobody else reaches the stack. */
function atomicity(space: Space, { isAtomic }: AnyInteger): Pick<Access, 'isAtomic'> {
  return isAtomic && space !== 'stack' ? { isAtomic } : {};
}

function accessSize(offset: number, size: Access['size'], space: Space): Access['size'] {
  if (space !== 'stack') return size;
  let part = size;
  while (offset % part !== 0) part = (part / 2) as Access['size'];
  return part;
}

/** `place = result`: integers are converted, structs and arrays copied. */
export function writePlace(state: Lowering, place: Place, result: Result, node: ts.Node): void {
  const { base, offset, field, space } = place;
  if (field.kind === 'integer') return writeInteger(state, place, field, result, node);
  if (result.kind === 'known' && field.kind === 'array')
    return writeKnown(state, place, result.value, node);
  if (!isPointer(result)) return refuse(node, 'wrongStruct', nameOf(field), describeResult(result));
  requireLayout(result, field, node);
  copyBytes(state, { base, offset, space }, result, field.size);
}

function writeInteger(
  state: Lowering,
  { base, offset, space }: Place,
  field: AnyInteger,
  result: Result,
  node: ts.Node,
): void {
  const { builder } = state;
  const type = integerTypeOf(field);
  const value = wholeRegister(type.kind, field, result)
    ? widen(state, toInteger(state, result, node), widthOf(type))
    : convert(state, result, type, node);
  const stored = field.isBigEndian
    ? builder.byteSwap(value, (field.size * 8) as 16 | 32 | 64)
    : value;
  const part = accessSize(offset, field.size, space);
  for (let at = 0; at < field.size; at += part) {
    const shift = builder.constant(at * 8, stored.width);
    const piece = at === 0 ? stored : builder.binary('shr', stored, shift);
    const access: Access = { offset: offset + at, size: part, space, ...atomicity(space, field) };
    builder.store(base, access, part < 8 ? builder.resize(piece, 32) : piece);
  }
}

/** A store or swap of few bytes ignores the upper ones: nothing to mask. */
function wholeRegister(kind: string, field: AnyInteger, result: Result): boolean {
  return kind === 'integer' && field.size < 8 && result.kind === 'computed';
}

function writeKnown(state: Lowering, place: Place, value: unknown, node: ts.Node): void {
  const { field } = place;
  if (field.kind !== 'array') return writePlace(state, place, { kind: 'known', value }, node);
  const elements = value as { readonly length: number } & Iterable<unknown>;
  const isList = typeof value === 'object' && value !== null && Symbol.iterator in value;
  if (!isList)
    return refuse(node, 'wrongStruct', nameOf(field), describeResult({ kind: 'known', value }));
  const list = [...elements];
  if (list.length !== field.count) return refuse(node, 'arrayLength', field.count, list.length);
  list.forEach((element, index) => {
    writeKnown(state, elementPlace(place, index), element, node);
  });
}

/** Element `index` of an array field. */
export function elementPlace(place: Place, index: number): Place {
  const { field } = place;
  if (field.kind !== 'array') throw new Error(`element of ${field.kind}: expected an array`);
  const offset = place.offset + index * field.element.size;
  return { ...place, offset, field: field.element };
}

/** @throws Refusal when the pointer leads to something else than the layout */
export function requireLayout(found: ComputedPointer, expected: Pointee, node: ts.Node): void {
  const { to } = found.type;
  const isSame =
    to === expected ||
    (to.kind === 'array' && expected.kind === 'array' && isSameArray(to, expected)) ||
    (to.kind === 'cell' && expected.kind === 'cell' && to.size === expected.size);
  if (!isSame) refuse(node, 'wrongStruct', nameOf(expected), nameOf(to));
}

function isSameArray(left: Field, right: Field): boolean {
  if (left.kind === 'array' && right.kind === 'array') {
    return left.count === right.count && isSameArray(left.element, right.element);
  }
  if (left.kind === 'integer' && right.kind === 'integer') {
    return left.size === right.size && left.isBigEndian === right.isBigEndian;
  }
  return left === right;
}

type Target = Pick<Place, 'base' | 'offset' | 'space'>;

/**
 * Copies in the largest pieces that the verifier lets pass: on the stack they must be aligned, in
 * maps, packets and records they need not be.
 */
export function copyBytes(
  state: Lowering,
  target: Target,
  source: ComputedPointer,
  size: number,
): void {
  const { builder } = state;
  const { space } = source.type;
  for (let at = 0; at < size; ) {
    const [to, from] = [target.offset + at, source.offset + at];
    let piece: Access['size'] = 8;
    while (
      at + piece > size ||
      (mayBeStack(target.space) && to % piece !== 0) ||
      (mayBeStack(space) && (from % piece !== 0 || isTooWide(piece, source)))
    ) {
      piece = (piece / 2) as Access['size'];
    }
    const value = builder.load(source.value, { offset: from, size: piece, space });
    builder.store(target.base, { offset: to, size: piece, space: target.space }, value);
    at += piece;
  }
}

function mayBeStack(space: Space): boolean {
  return space === 'stack' || space === 'any';
}

/** Where inside a slot a pointer points is known by the alignment of what it points to. */
function isTooWide(piece: number, { type, value }: ComputedPointer): boolean {
  return value.operation.op !== 'slot' && piece > alignmentOfPointee(type.to);
}

function alignmentOfPointee(pointee: Pointee): number {
  if (pointee.kind === 'struct') return pointee.align;
  if (pointee.kind === 'cell') return pointee.size;
  return elementAlignment(pointee);
}

function elementAlignment(field: Field): number {
  if (field.kind === 'integer') return field.size;
  return field.kind === 'array' ? elementAlignment(field.element) : field.align;
}

/** Writes zeros from `from` up to `to`, bytes of the object at `target`. */
export function zeroBytes(state: Lowering, target: Target, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const offset = target.offset + at;
    let piece: Access['size'] = 8;
    while (offset % piece !== 0 || at + piece > to) piece = (piece / 2) as Access['size'];
    const zero = state.builder.constant(0, piece === 8 ? 64 : 32);
    state.builder.store(target.base, { offset, size: piece, space: target.space }, zero);
    at += piece;
  }
}

/** `atomic.field += amount` */
export function addAtomically(
  state: Lowering,
  { base, offset, space }: Place,
  field: AnyInteger,
  amount: Computed,
): void {
  const size = field.size;
  const value = widen(state, amount, size === 8 ? 64 : 32);
  state.builder.atomicAdd(base, { offset, size, space }, value);
}
