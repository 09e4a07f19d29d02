/** The context: its fields, and views of the packet that it points to. */
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Value } from '../ir/ir.ts';
import { convert, joinEnds, knownInteger, toInteger, widen } from './convert.ts';
import type { Lowering } from './lowering.ts';
import { maxOfResult } from './operators.ts';
import { isBelow } from './places.ts';
import type { Computed, ContextType, Result, Struct } from './result.ts';
import { computed, isStruct, known, nameOf, pointer, u32Type } from './result.ts';

/** The verifier gives up on packet offsets beyond. @source MAX_PACKET_OFF, kernel/bpf/verifier.c */
const packetOffsetMax = 0xffff;

type ContextPointer = Computed & { readonly type: ContextType };

/** Whether the result is the context of a program. */
export function isContext(result: Result): result is ContextPointer {
  return result.kind === 'computed' && result.type.kind === 'context';
}

/** A pointer field of the context: loaded as 4 bytes, used as 64 bits (the kernel widens it). */
function loadPointer(state: Lowering, context: Computed, offset: number): Value {
  return state.builder.load(context.value, { offset, size: 4, space: 'context' }, 64);
}

/** `ctx.name` */
export function readContextField(
  state: Lowering,
  context: ContextPointer,
  name: string,
  node: ts.Node,
): Result {
  const { shape } = context.type;
  const field = shape.fields[name];
  if (field) {
    const access = { offset: field.offset, size: 4, space: 'context' } as const;
    return computed(state.builder.load(context.value, access), u32Type, 0xffffffffn);
  }
  // XDP's `length`, TC's `linearLength`: what the two pointers span.
  if (name === 'length' || name === 'linearLength') {
    const start = loadPointer(state, context, shape.dataOffset);
    const end = loadPointer(state, context, shape.dataEndOffset);
    const { builder } = state;
    return computed(builder.resize(builder.binary('sub', end, start), 32), u32Type);
  }
  const names = Object.keys(shape.fields).join(', ');
  return refuse(node, 'unknownField', context.type.name, name, names);
}

/** `ctx.name = result`, where the kernel allows it. */
export function writeContextField(
  state: Lowering,
  context: Computed,
  name: string,
  result: Result,
  node: ts.Node,
): void {
  if (!isContext(context)) throw new Error('context field of something else');
  const { fields } = context.type.shape;
  const field = fields[name];
  if (!field?.isWritable) {
    const names = Object.keys(fields).filter((each) => fields[each]?.isWritable);
    return refuse(node, 'contextReadOnly', name, names.join(', ') || 'none');
  }
  const value = convert(state, result, u32Type, node);
  const access = { offset: field.offset, size: 4, space: 'context' } as const;
  state.builder.store(context.value, access, value);
}

/** `ctx.at(Header, offset)` and `ctx.metadata(Record)`. */
export function lowerContextCall(
  state: Lowering,
  context: ContextPointer,
  node: ts.CallExpression,
  method: string,
): Result {
  const [first, second] = node.arguments;
  if (method !== 'at' && method !== 'metadata') {
    return refuse(node.expression, 'cannotCall', node.expression.getText());
  }
  if (!first) return refuse(node, 'missingArgument', 'header');
  const struct = state.expression(first);
  if (struct.kind !== 'known' || !isStruct(struct.value)) {
    return refuse(first, 'mustBeKnown', 'the struct');
  }
  if (method === 'metadata') return viewMetadata(state, context, struct.value, node);
  if (!second) return refuse(node, 'missingArgument', 'offset');
  const offset = state.expression(second);
  state.at(node);
  return viewPacket(state, context, struct.value, offset, node);
}

/**
 * A pointer to the header, or null when the packet ends before the header does. The pointer is made
 * once; the verifier accepts only the value that was compared with the packet's end.
 */
function viewPacket(
  state: Lowering,
  context: ContextPointer,
  struct: Struct,
  offset: Result,
  node: ts.Node,
): Result {
  const { builder } = state;
  const [inside, outside] = [builder.makeBlock(), builder.makeBlock()];
  const distance = packetDistance(state, offset, struct.size, outside, node);
  const { dataOffset, dataEndOffset } = context.type.shape;
  const start = loadPointer(state, context, dataOffset);
  const end = loadPointer(state, context, dataEndOffset);
  const header = builder.packetPointer(start, distance);
  builder.branch('gt', builder.offset(header, struct.size), end, outside, inside);
  builder.sealAndStart(inside);
  const found = pointer(header, struct, 'packet');
  const view = { block: builder.suspend(), result: found, node };
  builder.sealAndStart(outside);
  const none = { block: builder.suspend(), result: known(null), node };
  return joinEnds(state, [view, none], nameOf(struct));
}

/** The offset as 64 bits; goes to `outside` where the verifier could not know its range. */
function packetDistance(
  state: Lowering,
  offset: Result,
  size: number,
  outside: ReturnType<Lowering['builder']['makeBlock']>,
  node: ts.Node,
): Value {
  const { builder } = state;
  // The verifier gives up on a pointer whose end may lie beyond.
  const offsetMax = packetOffsetMax - size;
  if (offset.kind === 'known') {
    const value = knownInteger(offset.value, node);
    if (value < 0n || value > BigInt(offsetMax)) {
      return refuse(node, 'outOfRange', value, `a packet (0 to ${offsetMax})`);
    }
    return builder.constant(value, 64);
  }
  const integer = toInteger(state, offset, node);
  const distance = widen(state, integer, 64);
  const max = maxOfResult(integer);
  const isBounded = max !== undefined && max <= BigInt(offsetMax);
  if (isBounded || isBelow(state, integer, BigInt(offsetMax) + 1n)) return distance;
  const bounded = builder.makeBlock();
  builder.branch('gt', distance, builder.constant(offsetMax, 64), outside, bounded);
  builder.sealAndStart(bounded);
  return distance;
}

function viewMetadata(
  state: Lowering,
  context: ContextPointer,
  struct: Struct,
  node: ts.Node,
): Result {
  const { builder } = state;
  const { dataOffset, dataMetaOffset } = context.type.shape;
  const [inside, outside] = [builder.makeBlock(), builder.makeBlock()];
  state.at(node);
  const start = loadPointer(state, context, dataMetaOffset);
  const end = loadPointer(state, context, dataOffset);
  builder.branch('gt', builder.offset(start, struct.size), end, outside, inside);
  builder.sealAndStart(inside);
  const view = { block: builder.suspend(), result: pointer(start, struct, 'packet'), node };
  builder.sealAndStart(outside);
  const none = { block: builder.suspend(), result: known(null), node };
  return joinEnds(state, [view, none], nameOf(struct));
}
