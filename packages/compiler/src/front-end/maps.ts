/** Methods of maps, each a helper call with its key and value on the stack. */
import type { MapDeclaration } from '@skep/ebpf';
import { ArrayOfMaps, HashOfMaps } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { HelperReference } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { isContext } from './context.ts';
import { toInteger, widen } from './convert.ts';
import { refuseInLock } from './locks.ts';
import type { Lowering } from './lowering.ts';
import type { Computed, Pointee, Result } from './result.ts';
import {
  cellOf,
  computed,
  isIntegerField,
  isPointer,
  isStruct,
  nothing,
  pointer,
  s32Type,
  u64Type,
} from './result.ts';
import { lowerByAddress } from './structs.ts';

function helper(id: number, name: string): HelperReference {
  return { id, name, movesPacket: false };
}

const helpers = {
  lookup: helper(1, 'map_lookup_elem'),
  update: helper(2, 'map_update_elem'),
  delete: helper(3, 'map_delete_elem'),
  tailCall: helper(12, 'tail_call'),
  output: helper(130, 'ringbuf_output'),
  reserve: helper(131, 'ringbuf_reserve'),
  submit: helper(132, 'ringbuf_submit'),
  discard: helper(133, 'ringbuf_discard'),
  query: helper(134, 'ringbuf_query'),
};

const tables: ReadonlySet<string> = new Set([
  'hash',
  'array',
  'perCpuHash',
  'perCpuArray',
  'lruHash',
  'lpmTrie',
]);

interface MapCall {
  readonly state: Lowering;
  readonly declaration: MapDeclaration;
  readonly map: Value;
  readonly node: ts.CallExpression;
}

/** `address`: the map's, where it was found inside another map. */
export function lowerMapCall(
  state: Lowering,
  declaration: MapDeclaration,
  address: Value | null,
  method: string,
  node: ts.CallExpression,
): Result {
  const map = address ?? state.builder.map(state.world.shapeOf(declaration));
  const call: MapCall = { state, declaration, map, node };
  const { kind } = declaration;
  if (method === 'lookup' && (kind === 'arrayOfMaps' || kind === 'hashOfMaps')) {
    return lookupMap(call);
  }
  if (kind === 'ringBuffer') return lowerRingBuffer(call, method);
  if (kind === 'programArray' && method === 'tailCall') return tailCall(call);
  if (!tables.has(kind)) return refuseMethod(call, method);
  if (method === 'lookup') return lookup(call);
  if (method === 'update') return update(call);
  if (method === 'delete' && kind !== 'array' && kind !== 'perCpuArray') return remove(call);
  return refuseMethod(call, method);
}

function refuseMethod({ declaration, node }: MapCall, method: string): never {
  return refuse(
    node.expression,
    'mapValue',
    `a map of kind ${declaration.kind} has no method ${method}`,
  );
}

/** The layout of a map's keys or values, integers as cells. */
export function layoutOf(layout: unknown): Pointee {
  if (isStruct(layout)) return layout;
  if (isIntegerField(layout)) return cellOf(layout);
  throw new Error('map layout: expected a struct or an integer');
}

function required({ node }: MapCall, index: number, name: string): ts.Expression {
  return node.arguments[index] ?? refuse(node, 'missingArgument', name);
}

function byAddress(call: MapCall, layout: unknown, index: number, name: string): Value {
  const { state } = call;
  const given = lowerByAddress(state, layoutOf(layout), required(call, index, name), name);
  return state.address(given);
}

/** An optional argument of 64 bits. */
function flags(call: MapCall, index: number): Value {
  const { state, node } = call;
  const given = node.arguments[index];
  if (!given) return state.builder.constant(0, 64);
  return widen(state, toInteger(state, state.expression(given), given), 64);
}

function emit({ state, node }: MapCall, called: HelperReference, operands: Value[]): Value {
  refuseInLock(state, called.name, node);
  state.at(node);
  return state.builder.call(called, operands);
}

/** 0 or a negative errno. */
function status(call: MapCall, value: Value): Computed {
  return computed(call.state.builder.resize(value, 32), s32Type);
}

function lookup(call: MapCall): Result {
  const { declaration, map } = call;
  const key = byAddress(call, declaration.key, 0, 'key');
  const found = emit(call, helpers.lookup, [map, key]);
  return pointer(found, layoutOf(declaration.value), 'map', { isNullable: true });
}

function lookupMap(call: MapCall): Result {
  const { declaration, map } = call;
  if (!(declaration instanceof ArrayOfMaps) && !(declaration instanceof HashOfMaps)) {
    throw new Error(`map ${declaration.name}: expected a map of maps`);
  }
  const key = byAddress(call, declaration.key, 0, 'key');
  const found = emit(call, helpers.lookup, [map, key]);
  const inner: MapDeclaration = declaration.inner;
  return computed(found, { kind: 'innerMap', declaration: inner, isNullable: true });
}

function update(call: MapCall): Result {
  const { declaration, map } = call;
  const parts = [
    { layout: declaration.key, name: 'key' },
    { layout: declaration.value, name: 'value' },
  ];
  const [key, value] = call.state.each([0, 1] as const, (index) => {
    const { layout, name } = parts[index]!;
    return byAddress(call, layout, index, name);
  });
  return status(call, emit(call, helpers.update, [map, key!, value!, flags(call, 2)]));
}

function remove(call: MapCall): Result {
  const { declaration, map } = call;
  const key = byAddress(call, declaration.key, 0, 'key');
  return status(call, emit(call, helpers.delete, [map, key]));
}

function tailCall(call: MapCall): Result {
  const { state, map } = call;
  const node = required(call, 0, 'ctx');
  const context = state.expression(node);
  if (!isContext(context)) return refuse(node, 'cannotCall', 'tailCall without the context');
  const indexNode = required(call, 1, 'index');
  const index = widen(state, toInteger(state, state.expression(indexNode), indexNode), 64);
  emit(call, helpers.tailCall, [context.value, map, index]);
  return nothing;
}

function lowerRingBuffer(call: MapCall, method: string): Result {
  const { state, map } = call;
  if (method === 'reserve') {
    const node = required(call, 0, 'record');
    const struct = state.expression(node);
    if (struct.kind !== 'known' || !isStruct(struct.value)) {
      return refuse(node, 'mustBeKnown', 'the struct');
    }
    const { builder } = state;
    const size = builder.constant(struct.value.size, 64);
    const found = emit(call, helpers.reserve, [map, size, builder.constant(0, 64)]);
    return pointer(found, struct.value, 'ringBuffer', { isNullable: true });
  }
  if (method === 'submit' || method === 'discard') {
    emit(call, helpers[method], [record(call).address, flags(call, 1)]);
    return nothing;
  }
  if (method === 'output') {
    const { address, size } = record(call);
    const bytes = state.builder.constant(size, 64);
    return status(call, emit(call, helpers.output, [map, address, bytes, flags(call, 1)]));
  }
  if (method === 'query') {
    return computed(emit(call, helpers.query, [map, flags(call, 0)]), u64Type);
  }
  return refuseMethod(call, method);
}

function record(call: MapCall): { readonly address: Value; readonly size: number } {
  const { state } = call;
  const node = required(call, 0, 'record');
  const found = state.expression(node);
  if (!isPointer(found)) return refuse(node, 'literalWithoutStruct');
  return { address: state.address(found), size: found.type.to.size };
}
