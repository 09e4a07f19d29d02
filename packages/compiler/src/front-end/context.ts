/** The context: its fields, and views of the packet that it points to. */
import type { AnyInteger, ContextField } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Value } from '../ir/ir.ts';
import { convert, joinEnds, knownInteger, toInteger, widen } from './convert.ts';
import type { Lowering } from './lowering.ts';
import { maxOfResult } from './operators.ts';
import { isBelow } from './places.ts';
import type { ContextPointer, ContextTarget, Result, Struct } from './result.ts';
import {
  computed,
  ContextArray,
  integerTypeOf,
  isStruct,
  kernelView,
  known,
  nameOf,
  pointer,
  u32Type,
} from './result.ts';

/** The verifier gives up on packet offsets beyond. @source MAX_PACKET_OFF, kernel/bpf/verifier.c */
const packetOffsetMax = 0xffff;

/** Whether the result is the context of a program. */
export function isContext(result: Result): result is ContextPointer {
  return result.kind === 'computed' && result.type.kind === 'context';
}

/** A pointer to the packet, or to its end. */
function loadPointer({ builder }: Lowering, context: ContextPointer, offset: number): Value {
  return builder.packetBound(context.value, offset, context.type.shape.pointerSize);
}

/** Where the context says that its packet is. @throws Refusal for one without a packet */
function packetOf(context: ContextPointer, method: string, node: ts.Node): PacketOffsets {
  const { dataOffset: data, dataEndOffset: end } = context.type.shape;
  if (data === undefined || end === undefined) {
    return refuse(node, 'noPacket', context.type.name, method, 'it has no packet: read its fields');
  }
  return { data, end };
}

interface PacketOffsets {
  readonly data: number;
  readonly end: number;
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
  if (field) return readField(state, context, field);
  if (shape.spans.includes(name)) {
    const { builder } = state;
    const packet = packetOf(context, name, node);
    const start = loadPointer(state, context, packet.data);
    const end = loadPointer(state, context, packet.end);
    return computed(builder.resize(builder.binary('sub', end, start), 32), u32Type);
  }
  const names = Object.keys(shape.fields).join(', ');
  return refuse(node, 'unknownField', context.type.name, name, names);
}

/** A number, a pointer into the kernel, or several numbers of which one is read later. */
function readField(state: Lowering, context: ContextPointer, field: ContextField): Result {
  const { type, offset } = field;
  if (type.kind === 'array') return known(new ContextArray(context, field));
  if (type.kind === 'pointer') {
    const loaded = state.builder.load(context.value, { offset, size: 8, space: 'context' }, 64);
    return pointer(loaded, type.to, 'any', { isNullable: type.isNullable });
  }
  if (type.kind === 'kernelStruct') {
    const loaded = state.builder.load(context.value, { offset, size: 8, space: 'context' }, 64);
    return kernelView(loaded, type.to, type.isNullable);
  }
  return readNumber(state, context, offset, type, field.accessSize);
}

function readNumber(
  state: Lowering,
  context: ContextPointer,
  offset: number,
  type: AnyInteger,
  size: ContextField['accessSize'],
): Result {
  const { builder } = state;
  const loaded = builder.load(context.value, { offset, size, space: 'context' });
  const integer = integerTypeOf(type);
  if (type.isBigEndian) {
    // The kernel shows ports as 4 bytes; it puts nothing above them.
    return computed(builder.byteSwap(loaded, (type.size * 8) as 16 | 32 | 64, true), integer);
  }
  return computed(loaded, integer, size < 8 ? (1n << BigInt(size * 8)) - 1n : undefined);
}

/** `ctx.name[index]` */
export function readContextElement(
  state: Lowering,
  { context, field }: ContextArray,
  index: Result,
  node: ts.Node,
): Result {
  const { offset, type } = elementOf(field, index, node);
  return readNumber(state, context, offset, type, field.accessSize);
}

/** The kernel shows each element as a field of its own: which one must be known. */
function elementOf(
  field: ContextField,
  index: Result,
  node: ts.Node,
): { readonly offset: number; readonly type: AnyInteger } {
  const { type, offset } = field;
  if (type.kind !== 'array' || type.element.kind !== 'integer') {
    return refuse(node, 'notAssignable', node.getText());
  }
  if (index.kind !== 'known') return refuse(node, 'mustBeKnown', 'this index');
  const at = knownInteger(index.value, node);
  if (at < 0n || at >= BigInt(type.count)) {
    return refuse(node, 'indexOutOfRange', at, type.count, type.count - 1);
  }
  return { offset: offset + Number(at) * type.element.size, type: type.element };
}

/** `ctx.name = result`, where the kernel allows it. */
export function writeContextField(
  state: Lowering,
  { context, name, index }: ContextTarget,
  result: Result,
  node: ts.Node,
): void {
  const { fields } = context.type.shape;
  const field = fields[name];
  if (!field?.isWritable) {
    const names = Object.keys(fields).filter((each) => fields[each]?.isWritable);
    return refuse(node, 'contextReadOnly', name, names.join(', ') || 'none');
  }
  const { accessSize: size } = field;
  const { offset, type } = index ? elementOf(field, index, node) : { ...field };
  if (type.kind !== 'integer') return refuse(node, 'notAssignable', node.getText());
  const { builder } = state;
  const value = convert(state, result, integerTypeOf(type), node);
  const stored = type.isBigEndian
    ? builder.byteSwap(value, (type.size * 8) as 16 | 32 | 64)
    : value;
  builder.store(context.value, { offset, size, space: 'context' }, stored);
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
  packetOf(context, method, node.expression);
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
  const packet = packetOf(context, 'at', node);
  const start = loadPointer(state, context, packet.data);
  const end = loadPointer(state, context, packet.end);
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
  const { dataMetaOffset } = context.type.shape;
  if (dataMetaOffset === undefined) {
    const advice = 'only XDP and traffic control have metadata in front of the packet';
    return refuse(node, 'noPacket', context.type.name, 'metadata', advice);
  }
  const [inside, outside] = [builder.makeBlock(), builder.makeBlock()];
  state.at(node);
  const start = loadPointer(state, context, dataMetaOffset);
  const end = loadPointer(state, context, packetOf(context, 'metadata', node).data);
  builder.branch('gt', builder.offset(start, struct.size), end, outside, inside);
  builder.sealAndStart(inside);
  const view = { block: builder.suspend(), result: pointer(start, struct, 'packet'), node };
  builder.sealAndStart(outside);
  const none = { block: builder.suspend(), result: known(null), node };
  return joinEnds(state, [view, none], nameOf(struct));
}
