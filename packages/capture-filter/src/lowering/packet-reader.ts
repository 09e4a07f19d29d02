/**
 * How a program reads the packet: by pointers where it has them, or by asking the kernel for the
 * bytes. A read beyond what is there goes to `outside`.
 */
import type { Block, FunctionBuilder, HelperReference, Value } from '@skep/compiler';

/**
 * The verifier gives up on packet offsets beyond, and so no byte beyond is ever read: a read there
 * is outside. @source MAX_PACKET_OFF, kernel/bpf/verifier.c
 */
export const PACKET_OFFSET_MAX = 0xffff;

/** How far into the packet the start may be that is given to a function. */
const START_MAX = 256;
/** What a function may read, counted from the start that it is given. */
export const FUNCTION_OFFSET_MAX = PACKET_OFFSET_MAX - START_MAX;

/** One read: `size` bytes at `offset`, plus `index` (32 bits, at most `indexMaximum`) if given. */
export interface Read {
  readonly size: 1 | 2 | 4;
  readonly offset: number;
  readonly index?: { readonly value: Value; readonly maximum: number };
  /** Bytes from the packet's start that are known to be there. */
  readonly known: number;
}

/** Reads bytes of a packet, big-endian, as 32 bits. */
export interface PacketReader {
  /** Bytes of the packet as it was sent: 32 bits. */
  readonly length: Value;
  /** The program's argument, where the program has it. */
  readonly context: Value | null;
  /** Goes on only if so many bytes are there; false where asking costs more than it saves. */
  demand(bytes: number, outside: Block): boolean;
  read(read: Read, outside: Block): Value;
}

/** Reads between two pointers. */
export class PointerReader implements PacketReader {
  constructor(
    private readonly builder: FunctionBuilder,
    private readonly start: Value,
    private readonly end: Value,
    readonly length: Value,
    readonly context: Value | null = null,
    private readonly offsetMax = PACKET_OFFSET_MAX,
  ) {}

  demand(bytes: number, outside: Block): boolean {
    const { builder, start } = this;
    if (bytes > this.offsetMax) {
      builder.jump(outside);
      return true;
    }
    this.within(builder.packetPointer(start, builder.constant(bytes, 64)), outside);
    return true;
  }

  read({ size, offset, index, known }: Read, outside: Block): Value {
    const { builder, start } = this;
    if (!index) {
      if (offset + size > known) this.demand(offset + size, outside);
      const access = { offset, size, space: 'packet' } as const;
      return bigEndian(builder, builder.load(start, access), size);
    }
    const distance = this.bounded(index, offset, size, outside);
    const pointer = builder.packetPointer(start, distance);
    this.within(builder.offset(pointer, offset + size), outside);
    const access = { offset, size, space: 'packet' } as const;
    return bigEndian(builder, builder.load(pointer, access), size);
  }

  /** The index, 64 bits wide, small enough for the verifier to follow. */
  private bounded(
    index: NonNullable<Read['index']>,
    offset: number,
    size: number,
    outside: Block,
  ): Value {
    const { builder } = this;
    const distance = builder.resize(index.value, 64);
    const most = this.offsetMax - offset - size;
    if (most < 0) {
      builder.jump(outside);
      return distance;
    }
    if (index.maximum <= most) return distance;
    const inside = builder.makeBlock();
    builder.branch('gt', distance, builder.constant(most, 64), outside, inside);
    builder.sealAndStart(inside);
    return distance;
  }

  private within(pointer: Value, outside: Block): void {
    const { builder } = this;
    const inside = builder.makeBlock();
    builder.branch('gt', pointer, this.end, outside, inside);
    builder.sealAndStart(inside);
  }
}

const SKB_LOAD_BYTES: HelperReference = { id: 26, name: 'skb_load_bytes', movesPacket: false };

/** Asks the kernel for each read: for programs that get no pointers, such as socket filters. */
export class ContextReader implements PacketReader {
  private readonly slot: Value;

  constructor(
    private readonly builder: FunctionBuilder,
    readonly context: Value,
    readonly length: Value,
  ) {
    this.slot = builder.slot('bytes', 4);
  }

  demand(): boolean {
    return false;
  }

  read({ size, offset, index }: Read, outside: Block): Value {
    const { builder, slot } = this;
    const at = this.place(offset, index, outside);
    const length = builder.constant(size, 64);
    const failure = builder.call(SKB_LOAD_BYTES, [this.context, at, slot, length]);
    const inside = builder.makeBlock();
    builder.branch('ne', failure, builder.constant(0, 64), outside, inside);
    builder.sealAndStart(inside);
    const access = { offset: 0, size, space: 'stack' } as const;
    return bigEndian(builder, builder.load(slot, access), size);
  }

  /** The helper takes 32 bits: a sum that would wrap is outside. */
  private place(offset: number, index: Read['index'], outside: Block): Value {
    const { builder } = this;
    if (!index) {
      if (offset > PACKET_OFFSET_MAX) builder.jump(outside);
      return builder.constant(Math.min(offset, PACKET_OFFSET_MAX), 64);
    }
    const distance = builder.resize(index.value, 64);
    const sum = builder.offset(distance, offset);
    if (index.maximum + offset <= PACKET_OFFSET_MAX) return sum;
    const inside = builder.makeBlock();
    builder.branch('gt', sum, builder.constant(PACKET_OFFSET_MAX, 64), outside, inside);
    builder.sealAndStart(inside);
    return sum;
  }
}

function bigEndian(builder: FunctionBuilder, loaded: Value, size: 1 | 2 | 4): Value {
  return size === 1 ? loaded : builder.byteSwap(loaded, size === 2 ? 16 : 32);
}
