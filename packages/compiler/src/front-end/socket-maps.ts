/** Maps of sockets, and values that belong to sockets and control groups. */
import { refuse } from '../diagnostics/report.ts';
import type { HelperReference } from '../ir/builder.ts';
import type { Value } from '../ir/ir.ts';
import { Variable } from '../ir/variables.ts';
import type { MapCall, MapMethods } from './map-call.ts';
import {
  byAddress,
  contextArgument,
  emit,
  flags,
  helper,
  integer,
  layoutOf,
  required,
  status,
} from './map-call.ts';
import type { Result } from './result.ts';
import { computed, isPointer, pointer, s32Type } from './result.ts';

const helpers = {
  lookup: helper(1, 'map_lookup_elem'),
  delete: helper(3, 'map_delete_elem'),
  select: helper(82, 'sk_select_reuseport'),
  release: helper(86, 'sk_release'),
  // The context says afterwards which socket was chosen: what was read of it before is stale.
  assign: { ...helper(124, 'sk_assign'), movesPacket: true },
  getStorage: helper(107, 'sk_storage_get'),
  deleteStorage: helper(108, 'sk_storage_delete'),
  getLocal: helper(81, 'get_local_storage'),
};

/** Of a map by index and a map by key the kernel has two helpers each. */
interface Pair {
  readonly socketMap: HelperReference;
  readonly socketHash: HelperReference;
}

const updates: Pair = {
  socketMap: helper(53, 'sock_map_update'),
  socketHash: helper(70, 'sock_hash_update'),
};
const streamRedirects: Pair = {
  socketMap: helper(52, 'sk_redirect_map'),
  socketHash: helper(72, 'sk_redirect_hash'),
};
const messageRedirects: Pair = {
  socketMap: helper(60, 'msg_redirect_map'),
  socketHash: helper(71, 'msg_redirect_hash'),
};

function choose({ declaration }: MapCall, pair: Pair): HelperReference {
  return declaration.kind === 'socketHash' ? pair.socketHash : pair.socketMap;
}

function update(call: MapCall): Result {
  const context = contextArgument(call, 0);
  const key = byAddress(call, call.declaration.key, 1, 'key');
  const operands = [context.value, call.map, key, flags(call, 2)];
  return status(call, emit(call, choose(call, updates), operands));
}

function remove(call: MapCall): Result {
  const key = byAddress(call, call.declaration.key, 0, 'key');
  return status(call, emit(call, helpers.delete, [call.map, key]));
}

/** Data that is sent and data that arrives have helpers of their own. */
function redirect(call: MapCall): Result {
  const context = contextArgument(call, 0);
  const isMessage = context.type.shape.kind === 'message';
  const isHash = call.declaration.kind === 'socketHash';
  const key = isHash ? byAddress(call, call.declaration.key, 1, 'key') : integer(call, 1, 'key');
  const called = choose(call, isMessage ? messageRedirects : streamRedirects);
  return status(call, emit(call, called, [context.value, call.map, key, flags(call, 2)]));
}

const ENOENT = 2;

/** The lookup counts as a user of the socket, which is given back on every path. */
function assign(call: MapCall): Result {
  const { state, map, declaration } = call;
  const { builder } = state;
  const context = contextArgument(call, 0);
  const key = byAddress(call, declaration.key, 1, 'key');
  const socket = emit(call, helpers.lookup, [map, key]);
  const result = new Variable('assigned', 32);
  builder.choose(
    'eq',
    socket,
    builder.constant(0, 64),
    () => builder.write(result, builder.constant(-ENOENT, 32)),
    () => {
      const assigned = builder.call(helpers.assign, [
        context.value,
        socket,
        builder.constant(0, 64),
      ]);
      builder.write(result, builder.resize(assigned, 32));
      builder.call(helpers.release, [socket]);
    },
  );
  return computed(builder.read(result), s32Type);
}

function select(call: MapCall): Result {
  const context = contextArgument(call, 0);
  const key = byAddress(call, call.declaration.key, 1, 'key');
  const operands = [context.value, call.map, key, call.state.builder.constant(0, 64)];
  return status(call, emit(call, helpers.select, operands));
}

/** The address of the socket that is asked about. */
function socketArgument(call: MapCall): Value {
  const node = required(call, 0, 'socket');
  const socket = call.state.expression(node);
  if (!isPointer(socket)) return refuse(node, 'wrongStruct', 'Socket', node.getText());
  return call.state.address(socket);
}

const CREATE = 1;

function storage(call: MapCall, flag: number): Result {
  const { state, declaration, map } = call;
  const { builder } = state;
  const operands = [map, socketArgument(call), builder.constant(0, 64), builder.constant(flag, 64)];
  const found = emit(call, helpers.getStorage, operands);
  return pointer(found, layoutOf(declaration.value), 'map', { isNullable: true });
}

function deleteStorage(call: MapCall): Result {
  return status(call, emit(call, helpers.deleteStorage, [call.map, socketArgument(call)]));
}

function getLocal(call: MapCall): Result {
  const found = emit(call, helpers.getLocal, [call.map, call.state.builder.constant(0, 64)]);
  return pointer(found, layoutOf(call.declaration.value), 'map');
}

const table: MapMethods = { update, delete: remove, redirect, assign, select };

/** Methods by kinds of maps. */
export const socketMethods: Readonly<Record<string, MapMethods>> = {
  socketMap: table,
  socketHash: table,
  socketArray: { select },
  socketStorage: {
    get: (call) => storage(call, 0),
    getOrCreate: (call) => storage(call, CREATE),
    delete: deleteStorage,
  },
  cgroupStorage: { get: getLocal },
};
