/** Calls: casts, helpers, map methods, views of the packet, and functions that are inlined. */
import {
  Helper,
  KernelFunction,
  kernelContext,
  MapDeclaration,
  raw16,
  raw32,
  startsWith,
  startTimer,
  trace,
  withLock,
} from '@skep/ebpf';
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Value } from '../ir/ir.ts';
import { fetchOperatorOf, lowerFetch } from './atomics.ts';
import { isContext, lowerContextCall } from './context.ts';
import { cast, conditionOf, knownInteger, toInteger, widen } from './convert.ts';
import type { Lowering } from './lowering.ts';
import { isKernelStruct, lowerKernelContext } from './kernel-structs.ts';
import { lowerWithLock, refuseInLock } from './locks.ts';
import { lowerMapCall } from './maps.ts';
import { lowerStartsWith } from './starts-with.ts';
import { lowerStartTimer } from './timers.ts';
import { lowerTrace } from './traces.ts';
import { arithmetic, compareIntegers } from './operators.ts';
import type { Computed, Result } from './result.ts';
import {
  computed,
  integerTypeOf,
  isIntegerField,
  isPointer,
  known,
  nothing,
  u32Type,
  widthOf,
} from './result.ts';
import { lowerSubprogramCall } from './subprograms.ts';
import type { Callable } from './syntax.ts';
import { tagOf } from './syntax.ts';
import { FunctionReference } from './world.ts';

/** A call of anything that can be called. */
export function lowerCall(state: Lowering, node: ts.CallExpression): Result {
  if (node.questionDotToken) return refuse(node, 'optionalChain');
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee)) {
    return callKnown(state, state.expression(callee), node);
  }
  if (callee.questionDotToken) return refuse(callee, 'optionalChain');
  const object = state.expression(callee.expression);
  const method = callee.name.text;
  if (isContext(object)) return lowerContextCall(state, object, node, method);
  if (object.kind === 'computed' && object.type.kind === 'innerMap') {
    return lowerMapCall(state, object.type.declaration, object.value, method, node);
  }
  if (object.kind === 'known' && object.value instanceof MapDeclaration) {
    return lowerMapCall(state, object.value, null, method, node);
  }
  if (object.kind === 'known' && object.value === Math) return lowerMath(state, method, node);
  if (object.kind === 'group') {
    const member = object.members.get(method);
    if (member) return callKnown(state, member, node);
  }
  if (object.kind !== 'known' || object.value === null || object.value === undefined) {
    return refuse(callee, 'cannotCall', callee.getText());
  }
  const member = (object.value as Record<string, unknown>)[method];
  return callKnown(state, known(member), node, object.value);
}

function callKnown(
  state: Lowering,
  callee: Result,
  node: ts.CallExpression,
  owner?: unknown,
): Result {
  const name = node.expression.getText();
  if (callee.kind !== 'known') return refuse(node.expression, 'cannotCall', name);
  const { value } = callee;
  if (isIntegerField(value)) return lowerCast(state, value, node);
  if (value instanceof Helper) return lowerHelper(state, value, node);
  if (value instanceof KernelFunction) return lowerKernelFunction(state, value, node);
  if (value === kernelContext) return lowerKernelContext(state, node);
  if (value === startTimer) return lowerStartTimer(state, node);
  if (value === withLock) return lowerWithLock(state, node);
  const operator = fetchOperatorOf(value);
  if (operator) return lowerFetch(state, operator, node);
  if (value === trace) return lowerTrace(state, node);
  if (value === startsWith) return lowerStartsWith(state, node);
  if (value === raw16 || value === raw32) return lowerRaw(state, value === raw16 ? 16 : 32, node);
  if (value === Number || value === BigInt) return argument(state, node, 0, 'value');
  const callable =
    value instanceof FunctionReference
      ? value.callable
      : typeof value === 'function'
        ? state.world.callableOfLive(value)
        : null;
  if (callable && tagOf(state.world.declarationOf(callable), 'compileTime') === null) {
    return lowerFunctionCall(state, callable, value, node);
  }
  if (typeof value !== 'function') return refuse(node.expression, 'cannotCall', name);
  const results = state.all(node.arguments);
  return callHost(value as HostFunction, results, node, owner);
}

type HostFunction = (...values: unknown[]) => unknown;

/** Runs the function now. */
function callHost(
  callee: HostFunction,
  results: readonly Result[],
  node: ts.CallExpression,
  owner?: unknown,
): Result {
  const name = node.expression.getText();
  const values = results.map((result, index) => {
    if (result.kind === 'known') return result.value;
    const place = node.arguments[index] ?? node;
    return refuse(place, 'mustBeKnown', `an argument of ${name}`);
  });
  try {
    return known(callee.apply(owner, values));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return refuse(node, 'hostFailure', name, cause);
  }
}

function lowerFunctionCall(
  state: Lowering,
  callable: Callable,
  live: unknown,
  node: ts.CallExpression,
): Result {
  const results = state.all(node.arguments);
  // Text exists only while compiling: a function that takes it cannot be meant for the kernel.
  const takesText = results.some((each) => each.kind === 'known' && typeof each.value === 'string');
  if (takesText && typeof live === 'function') {
    return callHost(live as HostFunction, results, node);
  }
  const declaration = state.world.declarationOf(callable);
  const isSubprogram = ['subprogram', 'global'].some((tag) => tagOf(declaration, tag) !== null);
  if (isSubprogram) return lowerSubprogramCall(state, callable, results, node);
  return state.inline(callable, results, node);
}

function argument(state: Lowering, node: ts.CallExpression, index: number, name: string): Result {
  const given = node.arguments[index];
  return given ? state.expression(given) : refuse(node, 'missingArgument', name);
}

/** `u16(x)`: wraps to 16 bits. */
function lowerCast(
  state: Lowering,
  field: Parameters<typeof integerTypeOf>[0],
  node: ts.CallExpression,
): Result {
  const result = argument(state, node, 0, 'value');
  state.at(node);
  return cast(state, result, integerTypeOf(field), node);
}

/** `raw16(x)`, `raw32(x)`: the value as it lies in memory. */
function lowerRaw(state: Lowering, bits: 16 | 32, node: ts.CallExpression): Result {
  const result = argument(state, node, 0, 'value');
  if (result.kind === 'known') return known((bits === 16 ? raw16 : raw32)(Number(result.value)));
  const value = widen(state, toInteger(state, result, node), 32);
  const type = { kind: 'integer', bits, isSigned: false } as const;
  return computed(state.builder.byteSwap(value, bits), type);
}

function lowerHelper(state: Lowering, helper: Helper, node: ts.CallExpression): Result {
  refuseInLock(state, node.expression.getText(), node);
  const results = state.all(node.arguments);
  refuseOverlong(helper, results, node);
  const operands = results.map((each, index) => operandOf(state, each, node.arguments[index]!));
  state.at(node);
  const value = state.builder.call(helper, operands);
  const type = integerTypeOf(helper.returns);
  const isWide = type.kind === 'integer' && type.bits === 64;
  return computed(isWide ? value : state.builder.resize(value, 32), type);
}

/**
 * Which argument of a helper is memory; the next says how many bytes of it.
 *
 * @source struct bpf_func_proto of each, net/core/filter.c, kernel/trace/bpf_trace.c
 */
const memoryOf: ReadonlyMap<number, number> = new Map([
  [9, 2],
  [26, 2],
  [64, 1],
  [69, 1],
  [127, 1],
]);

function refuseOverlong(helper: Helper, results: readonly Result[], node: ts.CallExpression): void {
  const index = memoryOf.get(helper.id) ?? results.length;
  const [memory, size] = results.slice(index);
  if (!memory || !isPointer(memory) || size?.kind !== 'known') return;
  const place = node.arguments[index + 1]!;
  const bytes = knownInteger(size.value, place);
  const { size: available } = memory.type.to;
  const name = node.expression.getText();
  if (bytes > BigInt(available)) refuse(place, 'helperBytes', name, bytes, available);
}

/** A function of the kernel: integers, the context, structs by address. */
function lowerKernelFunction(
  state: Lowering,
  { name, returns }: KernelFunction,
  node: ts.CallExpression,
): Result {
  refuseInLock(state, node.expression.getText(), node);
  const results = state.all(node.arguments);
  const operands = results.map((each, index) => operandOf(state, each, node.arguments[index]!));
  state.at(node);
  const value = state.builder.callKernelFunction(name, operands, returns?.size ?? 0);
  if (returns === null) return nothing;
  const type = integerTypeOf(returns);
  return computed(state.builder.resize(value, widthOf(type)), type);
}

/** Integers as 64 bits, structs by address, null as 0. */
function operandOf(state: Lowering, result: Result, node: ts.Node): Value {
  if (result.kind === 'known' && (result.value === null || result.value === undefined)) {
    return state.builder.constant(0, 64);
  }
  if (result.kind === 'known' && result.value instanceof MapDeclaration) {
    return state.builder.map(state.world.shapeOf(result.value));
  }
  if (isPointer(result) || isContext(result) || isKernelStruct(result)) {
    return state.address(result);
  }
  if (result.kind === 'computed' && result.type.kind === 'innerMap') return result.value;
  return widen(state, toInteger(state, result, node), 64);
}

/** Math.min, Math.max, Math.imul; Math.floor and Math.trunc, which integers do not need. */
function lowerMath(state: Lowering, method: string, node: ts.CallExpression): Result {
  const name = node.expression.getText();
  if (method === 'random') return refuse(node.expression, 'globalName', name);
  const results = state.all(node.arguments);
  const [left, right] = results;
  if (!left) return refuse(node, 'missingArgument', 'value');
  const values = results.map((each) => (each.kind === 'known' ? each.value : undefined));
  if (results.every((each) => each.kind === 'known')) {
    const callee = (Math as unknown as Record<string, unknown>)[method];
    if (typeof callee === 'function') return known(callee(...values));
  }
  if (method === 'floor' || method === 'trunc') return left;
  const isExtreme = method === 'min' || method === 'max';
  if (!isExtreme && method !== 'imul') return refuse(node.expression, 'cannotCall', name);
  if (!right) return refuse(node, 'missingArgument', 'second value');
  if (isExtreme) return lowerExtreme(state, method, left, right, node);
  return cast(state, arithmetic(state, 'mul', left, right, node), u32Type, node);
}

function lowerExtreme(
  state: Lowering,
  method: 'min' | 'max',
  left: Result,
  right: Result,
  node: ts.Node,
): Result {
  const comparison = method === 'min' ? 'lt' : 'gt';
  const values = compareIntegers(state, comparison, left, right, node);
  const [first, second] = values.operands;
  return conditionOf(state, values, first as Computed, second as Computed, node);
}
