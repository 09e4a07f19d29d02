/**
 * Programs and functions made of a matcher: a whole program of one hook, or a function that another
 * program calls.
 */
import {
  FunctionBuilder,
  type HelperReference,
  type IrFunction,
  type IrProgram,
  type Value,
  Variable,
} from '@skep/compiler';
import { type ContextShape, contextShapes } from '@skep/ebpf';
import type { Matcher } from './matcher.ts';
import {
  ContextReader,
  FUNCTION_OFFSET_MAX,
  PACKET_OFFSET_MAX,
  type PacketReader,
  PointerReader,
} from './packet-reader.ts';

/** Where a whole program runs. */
export type FilterHook = 'xdp' | 'tc' | 'socket';

/** A whole program: its name in the kernel, and what it returns. */
export interface ProgramOptions {
  readonly hook: FilterHook;
  /** At most 15 characters. */
  readonly name: string;
  /** The action of a packet that matches; a socket takes so many bytes of it. */
  readonly onMatch: number;
  /** The action of any other packet; 0 is none for a socket. */
  readonly onMiss: number;
}

/** Something that a matcher reads and that is not there where it shall run. */
export class AncillaryError extends Error {
  readonly code = 'ERR_FILTER_ANCILLARY';
  constructor(
    readonly found: readonly string[],
    readonly hook: string,
  ) {
    super(
      `filter reads ${found.join(', ')}: expected bytes of the packet only, in ${hook} ` +
        '(make it a program for tc or for a socket)',
    );
  }
}

/** @alias BPF_PROG_TYPE_SOCKET_FILTER */
const SOCKET_FILTER = 1;
const PULL_DATA: HelperReference = { id: 39, name: 'skb_pull_data', movesPacket: true };
const shapes = { xdp: contextShapes.XdpContext!, tc: contextShapes.TcContext! };

/** The program of one hook that does nothing else. @throws AncillaryError for XDP */
export function matchingProgram(matcher: Matcher, options: ProgramOptions): IrProgram {
  const { hook, name, onMatch, onMiss } = options;
  if (hook === 'xdp') demandPacketOnly(matcher, 'XDP');
  const builder = new FunctionBuilder(name);
  emitAnswer(builder, matcher, readerOf(hook, builder, matcher), onMatch, onMiss);
  const programType = hook === 'socket' ? SOCKET_FILTER : shapes[hook].programType;
  return { name, programType, license: 'GPL', functions: [builder.finish()] };
}

/**
 * A function (start, end, length) that returns 1 for a packet that matches and else 0: a
 * subprogram of any program that has pointers to a packet. `length` is that of the whole packet.
 * The start may lie up to 256 bytes into the packet.
 *
 * @throws AncillaryError
 */
export function matchingFunction(matcher: Matcher, name: string): IrFunction {
  demandPacketOnly(matcher, 'a function of pointers');
  const builder = new FunctionBuilder(name);
  const [start, end] = [builder.parameter(0), builder.parameter(1)];
  const length = builder.resize(builder.parameter(2), 32);
  const reader = new PointerReader(builder, start, end, length, null, FUNCTION_OFFSET_MAX);
  emitAnswer(builder, matcher, reader, 1, 0);
  return builder.finish();
}

/**
 * As `matchingFunction`, with the one parameter that a TC or socket program gets: it reads by
 * asking the kernel for each byte.
 */
export function matchingContextFunction(matcher: Matcher, name: string): IrFunction {
  const builder = new FunctionBuilder(name);
  const context = builder.parameter(0);
  const reader = new ContextReader(builder, context, lengthOf(builder, context));
  emitAnswer(builder, matcher, reader, 1, 0);
  return builder.finish();
}

function demandPacketOnly({ ancillary }: Matcher, hook: string): void {
  if (ancillary.length > 0) throw new AncillaryError(ancillary, hook);
}

function emitAnswer(
  builder: FunctionBuilder,
  matcher: Matcher,
  reader: PacketReader,
  onMatch: number,
  onMiss: number,
): void {
  const exits = { match: builder.makeBlock(), miss: builder.makeBlock() };
  matcher.emit(builder, reader, exits);
  builder.sealAndStart(exits.match);
  builder.return(builder.constant(onMatch, 64));
  builder.sealAndStart(exits.miss);
  builder.return(builder.constant(onMiss, 64));
}

function readerOf(hook: FilterHook, builder: FunctionBuilder, matcher: Matcher): PacketReader {
  const context = builder.context();
  if (hook === 'socket') return new ContextReader(builder, context, lengthOf(builder, context));
  if (hook === 'tc') return linearReader(builder, context, matcher.reach);
  const start = builder.packetBound(context, shapes.xdp.dataOffset!, 4);
  const end = builder.packetBound(context, shapes.xdp.dataEndOffset!, 4);
  const length = builder.resize(builder.binary('sub', end, start), 32);
  return new PointerReader(builder, start, end, length);
}

/**
 * TC: what may be read is made linear first, where it is not. A packet for which the kernel cannot
 * do so is looked at as far as it is linear.
 */
function linearReader(builder: FunctionBuilder, context: Value, reach: number): PacketReader {
  const { dataOffset, dataEndOffset } = shapes.tc;
  const length = lengthOf(builder, context);
  const [start, end] = [new Variable('start', 64), new Variable('end', 64)];
  const readPointers = (): void => {
    builder.write(start, builder.packetBound(context, dataOffset!, 4));
    builder.write(end, builder.packetBound(context, dataEndOffset!, 4));
  };
  readPointers();
  if (reach > 0) {
    const most = builder.constant(Math.min(reach, PACKET_OFFSET_MAX), 32);
    const wanted = smallerOf(builder, length, most);
    const span = builder.binary('sub', builder.read(end), builder.read(start));
    builder.choose('lt', builder.resize(span, 32), wanted, () => {
      builder.call(PULL_DATA, [context, builder.resize(wanted, 64)]);
      readPointers();
    });
  }
  return new PointerReader(builder, builder.read(start), builder.read(end), length, context);
}

function smallerOf(builder: FunctionBuilder, left: Value, right: Value): Value {
  const smaller = new Variable('smaller', 32);
  const take = (value: Value) => () => builder.write(smaller, value);
  builder.choose('lt', left, right, take(left), take(right));
  return builder.read(smaller);
}

/** `__sk_buff` of any kind of program: the length is its first field. */
function lengthOf(builder: FunctionBuilder, context: Value): Value {
  return fieldOf(builder, context, shapes.tc, 'length');
}

/** A field of 4 bytes of the context. */
function fieldOf(
  builder: FunctionBuilder,
  context: Value,
  shape: ContextShape,
  name: string,
): Value {
  const { offset } = shape.fields[name]!;
  return builder.load(context, { offset, size: 4, space: 'context' });
}
