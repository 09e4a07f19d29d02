/** Queues, stacks and Bloom filters: values without keys. */
import { refuse } from '../diagnostics/report.ts';
import type { HelperReference } from '../ir/builder.ts';
import { joinEnds } from './convert.ts';
import type { MapCall, MapMethods } from './map-call.ts';
import { byAddress, emit, flags, helper, layoutOf, status } from './map-call.ts';
import { makeSlot } from './memory.ts';
import type { Result } from './result.ts';
import { booleanType, computed, known } from './result.ts';

const helpers = {
  push: helper(87, 'map_push_elem'),
  pop: helper(88, 'map_pop_elem'),
  peek: helper(89, 'map_peek_elem'),
};

function push(call: MapCall): Result {
  const value = byAddress(call, call.declaration.value, 0, 'value');
  return status(call, emit(call, helpers.push, [call.map, value, flags(call, 1)]));
}

/** The helper writes to a place on the stack, which is looked at only where it says 0. */
function take(call: MapCall, called: HelperReference): Result {
  const { state, declaration, map, node } = call;
  const { builder } = state;
  const layout = layoutOf(declaration.value);
  const slot = makeSlot(state, declaration.name, layout, node);
  const found = emit(call, called, [map, slot.value]);
  const [present, absent] = [builder.makeBlock(), builder.makeBlock()];
  builder.branch('eq', found, builder.constant(0, 64), present, absent);
  builder.sealAndStart(present);
  const value = { block: builder.suspend(), result: slot, node };
  builder.sealAndStart(absent);
  const none = { block: builder.suspend(), result: known(null), node };
  return joinEnds(state, [value, none], declaration.name);
}

/** Whether a Bloom filter may have the value. */
function has(call: MapCall): Result {
  const { state, declaration, map } = call;
  const { builder } = state;
  if (call.node.arguments.length !== 1) return refuse(call.node, 'missingArgument', 'value');
  const value = byAddress(call, declaration.value, 0, 'value');
  const missing = emit(call, helpers.peek, [map, value]);
  const [yes, no] = [builder.makeBlock(), builder.makeBlock()];
  builder.branch('eq', missing, builder.constant(0, 64), yes, no);
  const ends = [yes, no].map((block) => {
    builder.sealAndStart(block);
    const result = computed(builder.constant(block === yes ? 1 : 0, 32), booleanType);
    return { block: builder.suspend(), result, node: call.node };
  });
  return joinEnds(state, ends, 'has');
}

const sequence: MapMethods = {
  push,
  pop: (call) => take(call, helpers.pop),
  peek: (call) => take(call, helpers.peek),
};

/** Methods by kinds of maps. */
export const queueMethods: Readonly<Record<string, MapMethods>> = {
  queue: sequence,
  stack: sequence,
  bloomFilter: { add: push, has },
};
