/** What all methods of maps have in common: their arguments, and the helper that they become. */
import type { MapDeclaration } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { HelperReference } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { isContext } from './context.ts';
import { toInteger, widen } from './convert.ts';
import { refuseInLock } from './locks.ts';
import type { Lowering } from './lowering.ts';
import type { Computed, ContextPointer, Pointee, Result } from './result.ts';
import { cellOf, computed, isIntegerField, isStruct, s32Type } from './result.ts';
import { lowerByAddress } from './structs.ts';

/** One call of a method of a map. */
export interface MapCall {
  readonly state: Lowering;
  readonly declaration: MapDeclaration;
  /** The map's address. */
  readonly map: Value;
  readonly node: ts.CallExpression;
}

/** What a method of a kind of map becomes. */
export type MapMethod = (call: MapCall) => Result;
/** The methods of a kind of map by their names. */
export type MapMethods = Readonly<Record<string, MapMethod>>;

/** A helper that moves no packet. */
export function helper(id: number, name: string): HelperReference {
  return { id, name, movesPacket: false };
}

/** @throws Refusal always: the kind of map has no such method */
export function refuseMethod({ declaration, node }: MapCall, method: string): never {
  return refuse(
    node.expression,
    'mapValue',
    `a map of kind ${declaration.kind} has no method ${method}`,
  );
}

/** The layout of a declared key or value. */
export function layoutOf(layout: unknown): Pointee {
  if (isStruct(layout)) return layout;
  if (isIntegerField(layout)) return cellOf(layout);
  throw new Error('map layout: expected a struct or an integer');
}

/** The argument at an index. @throws Refusal where it is missing */
export function required({ node }: MapCall, index: number, name: string): ts.Expression {
  return node.arguments[index] ?? refuse(node, 'missingArgument', name);
}

/** An argument that the kernel takes by address. */
export function byAddress(call: MapCall, layout: unknown, index: number, name: string): Value {
  const { state } = call;
  const given = lowerByAddress(state, layoutOf(layout), required(call, index, name), name);
  return state.address(given);
}

/** An integer argument, of 64 bits. */
export function integer(call: MapCall, index: number, name: string): Value {
  const { state } = call;
  const node = required(call, index, name);
  return widen(state, toInteger(state, state.expression(node), node), 64);
}

/** An optional argument of 64 bits; 0 where it is absent. */
export function flags(call: MapCall, index: number): Value {
  const { state, node } = call;
  const given = node.arguments[index];
  if (!given) return state.builder.constant(0, 64);
  return widen(state, toInteger(state, state.expression(given), given), 64);
}

/** The context that a method takes. @throws Refusal for anything else */
export function contextArgument(call: MapCall, index: number): ContextPointer {
  const node = required(call, index, 'ctx');
  const context = call.state.expression(node);
  if (isContext(context)) return context;
  return refuse(node, 'cannotCall', `${call.node.expression.getText()} without the context`);
}

/** Calls the helper where the method is called. */
export function emit({ state, node }: MapCall, called: HelperReference, operands: Value[]): Value {
  refuseInLock(state, node.expression.getText(), node);
  state.at(node);
  return state.builder.call(called, operands);
}

/** 0 or a negative errno. */
export function status(call: MapCall, value: Value): Computed {
  return computed(call.state.builder.resize(value, 32), s32Type);
}
