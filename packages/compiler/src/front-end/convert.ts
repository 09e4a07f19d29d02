/**
 * Between results of different types: constants, widths, truth, and the one type of several paths.
 */
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Comparison, Space, Value, Width } from '../ir/ir.ts';
import { Variable } from '../ir/variables.ts';
import type { Lowering, OpenEnd } from './lowering.ts';
import type { Computed, IntegerType, PointerType, Result, Type } from './result.ts';
import {
  booleanType,
  canBeNull,
  computed,
  describeResult,
  describeType,
  known,
  nameOf,
  s32Type,
  s64Type,
  u32Type,
  u64Type,
  widthOf,
} from './result.ts';

/** A known boolean or integer as a big integer. @throws Refusal for anything else */
export function knownInteger(value: unknown, node: ts.Node): bigint {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number') return refuse(node, 'notAValue', describeResult(known(value)));
  if (!Number.isInteger(value)) return refuse(node, 'notAnInteger', value);
  if (!Number.isSafeInteger(value)) return refuse(node, 'beyondExact', BigInt(value));
  return BigInt(value);
}

/** The narrowest of u32, s32, u64 and s64 that holds the integer. */
export function literalType(value: bigint): IntegerType {
  if (value >= 0n) return value <= 0xffffffffn ? u32Type : u64Type;
  return value >= -0x80000000n ? s32Type : s64Type;
}

/** Whether the bits can hold the integer, read as signed or unsigned. */
export function fits(value: bigint, bits: number): boolean {
  return value < 1n << BigInt(bits) && value >= -(1n << BigInt(bits - 1));
}

/** The type of a result; `null` for null and undefined. @throws Refusal for an object literal */
export function typeOf(result: Result, node: ts.Node): Type | null {
  if (result.kind === 'computed') return result.type;
  if (result.kind === 'group') return refuse(node, 'notAValue', describeResult(result));
  const { value } = result;
  if (value === null || value === undefined) return null;
  return typeof value === 'boolean' ? booleanType : literalType(knownInteger(value, node));
}

/** The integer or boolean as a computed result. @throws Refusal for other values */
export function toInteger(state: Lowering, result: Result, node: ts.Node): Computed {
  if (result.kind === 'computed') {
    const { kind } = result.type;
    if (kind === 'integer') return result;
    if (kind === 'boolean') return wholeBoolean(state, result);
    return refuse(node, 'expectedInteger', describeResult(result));
  }
  if (result.kind === 'group') return refuse(node, 'expectedInteger', describeResult(result));
  const value = knownInteger(result.value, node);
  const type = literalType(value);
  return computed(
    state.builder.constant(value, widthOf(type)),
    type,
    value >= 0n ? value : undefined,
  );
}

/** To 32 or 64 bits, extended by its own sign. */
export function widen(state: Lowering, result: Computed, width: Width): Value {
  const isSigned = result.type.kind === 'integer' && result.type.isSigned;
  return state.builder.resize(result.value, width, isSigned);
}

/** The value as it is assigned to something of the type: integers wrap to its bits. */
export function convert(state: Lowering, result: Result, type: Type, node: ts.Node): Value {
  if (type.kind === 'integer') return convertInteger(state, result, type, node);
  if (type.kind === 'boolean') return convertBoolean(state, result, node);
  return convertPointer(state, result, type, node);
}

function convertInteger(state: Lowering, result: Result, type: IntegerType, node: ts.Node): Value {
  const width = widthOf(type);
  if (result.kind === 'known') {
    const value = knownInteger(result.value, node);
    if (!fits(value, type.bits)) return refuse(node, 'outOfRange', value, describeType(type));
    return state.builder.constant(BigInt.asUintN(type.bits, value), width);
  }
  const integer = toInteger(state, result, node);
  const value = widen(state, integer, width);
  const from = integer.type.kind === 'integer' ? integer.type.bits : 1;
  if (type.bits >= 32 || from <= type.bits) return value;
  return state.builder.binary('and', value, state.builder.constant((1 << type.bits) - 1, 32));
}

function convertBoolean(state: Lowering, result: Result, node: ts.Node): Value {
  if (result.kind === 'known') return state.builder.constant(result.value ? 1 : 0, 32);
  const integer = toInteger(state, result, node);
  return integer.type.kind === 'boolean' ? integer.value : truthOf(state, integer);
}

/** 0 or 1, also where a byte of memory holds something else. */
function wholeBoolean(state: Lowering, result: Computed): Computed {
  const isByte = result.type.kind === 'boolean' && result.type.isByte === true;
  return isByte ? computed(truthOf(state, result), booleanType) : result;
}

/** 1 where the integer is not 0. */
function truthOf(state: Lowering, integer: Computed): Value {
  const { builder } = state;
  const truth = new Variable('truth', 32);
  builder.choose(
    'ne',
    integer.value,
    builder.constant(0, integer.value.width),
    () => builder.write(truth, builder.constant(1, 32)),
    () => builder.write(truth, builder.constant(0, 32)),
  );
  return builder.read(truth);
}

function convertPointer(state: Lowering, result: Result, type: Type, node: ts.Node): Value {
  if (result.kind === 'known' && (result.value === null || result.value === undefined)) {
    return state.builder.constant(0, 64);
  }
  if (result.kind !== 'computed' || result.type.kind !== type.kind) {
    return refuse(node, 'wrongStruct', describeType(type), describeResult(result));
  }
  if (type.kind === 'pointer' && result.type.kind === 'pointer' && result.type.to !== type.to) {
    const isSameCell = type.to.kind === 'cell' && result.type.to.kind === 'cell';
    if (!isSameCell) return refuse(node, 'wrongStruct', nameOf(type.to), nameOf(result.type.to));
  }
  return state.address(result);
}

/** The one type that holds the results of all paths. @throws Refusal when there is none */
export function joinTypes(ends: readonly OpenEnd[]): Type | null {
  let joined: Type | null = null;
  let isNullable = false;
  for (const { result, node } of ends) {
    const type = typeOf(result, node);
    if (type === null) isNullable = true;
    else joined = joined ? joinTwo(joined, type, node) : type;
  }
  if (!isNullable || !joined) return joined;
  if (canBeNull(joined)) return { ...joined, isNullable: true };
  return refuse(ends[0]!.node, 'mergedValues', describeType(joined), 'null');
}

function joinTwo(left: Type, right: Type, node: ts.Node): Type {
  if (left.kind === 'integer' && right.kind === 'integer') return joinIntegers(left, right);
  if (left.kind === 'boolean' && right.kind === 'boolean') return booleanType;
  if (left.kind === 'pointer' && right.kind === 'pointer' && left.to === right.to) {
    return joinPointers(left, right);
  }
  if (left.kind === 'innerMap' && right.kind === 'innerMap') {
    if (left.declaration === right.declaration) {
      return { ...left, isNullable: left.isNullable || right.isNullable };
    }
  }
  if (left.kind === 'kernelStruct' && right.kind === 'kernelStruct') {
    if (left.struct === right.struct) {
      return { ...left, isNullable: left.isNullable || right.isNullable };
    }
  }
  if (left.kind === 'context' && right.kind === 'context') return left;
  return refuse(node, 'mergedValues', describeType(left), describeType(right));
}

function joinPointers(left: PointerType, right: PointerType): PointerType {
  const space: Space = left.space === right.space ? left.space : 'any';
  return { ...left, space, isNullable: left.isNullable || right.isNullable };
}

/** At least 32 bits, signed when one side is and the other's values fit. */
export function joinIntegers(left: IntegerType, right: IntegerType): IntegerType {
  const isSigned = left.isSigned || right.isSigned;
  let bits = Math.max(left.bits, right.bits, 32);
  const unsigned = left.isSigned ? right : left;
  if (isSigned && !unsigned.isSigned && unsigned.bits >= 32) bits = 64;
  return { kind: 'integer', bits: bits === 64 ? 64 : 32, isSigned };
}

/**
 * Joins paths that were left open: each result is converted at the end of its own path, then all
 * go on as one. `as`: the type that every result is converted to; else the type that holds them
 * all.
 */
export function joinEnds(
  state: Lowering,
  ends: readonly OpenEnd[],
  name: string,
  as?: Type | null,
): Result {
  const { builder } = state;
  const open = ends.filter((end) => end.block !== null);
  const only = open[0];
  builder.resume(only?.block ?? null);
  if (!only) return known(undefined);
  if (open.length === 1) return as ? cast(state, only.result, as, only.node) : only.result;
  const same = commonKnown(open);
  const join = builder.makeBlock();
  const type = same ? null : (as ?? joinTypes(open));
  const variable = type ? new Variable(name, widthOf(type)) : null;
  for (const end of open) {
    builder.resume(end.block);
    if (variable && type) builder.write(variable, convert(state, end.result, type, end.node));
    builder.jump(join);
  }
  builder.sealAndStart(join);
  if (variable && type) return computed(builder.read(variable), type);
  const result = same ?? known(null);
  return as ? cast(state, result, as, only.node) : result;
}

/** The result as the type holds it; known integers stay known. */
export function cast(state: Lowering, result: Result, type: Type, node: ts.Node): Result {
  if (result.kind === 'known' && type.kind === 'integer') {
    const value = knownInteger(result.value, node);
    const { bits, isSigned } = type;
    const wrapped = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    return known(bits === 64 && !Number.isSafeInteger(Number(wrapped)) ? wrapped : Number(wrapped));
  }
  if (result.kind === 'known' && type.kind === 'boolean') return known(Boolean(result.value));
  if (result.kind !== 'computed') return result;
  if (type.kind !== 'integer' && type.kind !== 'boolean') return result;
  if (type.kind === 'integer' && result.type.kind === 'integer') {
    const isNarrower = result.type.bits <= type.bits && result.max !== undefined;
    const max = isNarrower ? result.max : undefined;
    return computed(convert(state, result, type, node), type, max);
  }
  return computed(convert(state, result, type, node), type);
}

/** The known value that every path ends with, if there is one. */
function commonKnown(ends: readonly OpenEnd[]): Result | null {
  const [first, ...others] = ends.map((end) => end.result);
  if (first?.kind !== 'known') return null;
  return others.every((each) => each.kind === 'known' && each.value === first.value) ? first : null;
}

/** The first or the second integer, by a comparison of the two. */
export function conditionOf(
  state: Lowering,
  { comparison, left, right }: ComparedPair,
  first: Computed,
  second: Computed,
  node: ts.Node,
): Result {
  const { builder } = state;
  const [ifTrue, ifFalse] = [builder.makeBlock(), builder.makeBlock()];
  builder.branch(comparison, left, right, ifTrue, ifFalse);
  const ends = [ifTrue, ifFalse].map((block) => {
    builder.sealAndStart(block);
    return { block: builder.suspend(), result: block === ifTrue ? first : second, node };
  });
  return joinEnds(state, ends, 'extreme');
}

interface ComparedPair {
  readonly comparison: Comparison;
  readonly left: Value;
  readonly right: Value;
}
