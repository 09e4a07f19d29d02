/** Methods of maps, each a helper call with its key and value on the stack. */
import type { MapDeclaration } from '@skep/ebpf';
import { ArrayOfMaps, HashOfMaps } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Value } from '../ir/ir.ts';
import { isContext } from './context.ts';
import { toInteger, widen } from './convert.ts';
import type { Lowering } from './lowering.ts';
import type { MapCall, MapMethods } from './map-call.ts';
import {
  byAddress,
  emit,
  flags,
  helper,
  layoutOf,
  refuseMethod,
  required,
  status,
} from './map-call.ts';
import { queueMethods } from './queue-maps.ts';
import { redirectMethods } from './redirect-maps.ts';
import { refuseGone } from './places.ts';
import type { Result } from './result.ts';
import { computed, isPointer, isStruct, nothing, pointer, u64Type } from './result.ts';
import { socketMethods } from './socket-maps.ts';

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

/** Kinds of maps whose methods stand in tables of their own. */
const families: Readonly<Record<string, MapMethods>> = {
  ...queueMethods,
  ...redirectMethods,
  ...socketMethods,
};

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
  const methods = families[kind];
  if (methods) return (methods[method] ?? ((each) => refuseMethod(each, method)))(call);
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
    const { address, value } = record(call);
    emit(call, helpers[method], [address, flags(call, 1)]);
    const { block, position } = state.builder;
    if (block) state.gone.push({ block, value, by: method, line: position?.line ?? 0 });
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

interface GivenRecord {
  readonly value: Value;
  readonly address: Value;
  readonly size: number;
}

function record(call: MapCall): GivenRecord {
  const { state } = call;
  const node = required(call, 0, 'record');
  const found = state.expression(node);
  if (!isPointer(found)) return refuse(node, 'literalWithoutStruct');
  refuseGone(state, found, node);
  return { value: found.value, address: state.address(found), size: found.type.to.size };
}
