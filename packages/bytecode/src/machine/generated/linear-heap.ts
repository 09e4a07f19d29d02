/**
 * A heap in one WebAssembly memory, which generated code reads and writes.
 *
 *     0       cells: registers, context, places of the packet, loops
 *     0x1000  region table: 16 bytes for each region of the run, by its number
 *     above   bytes of regions
 *
 * A row of the table lets generated code check and translate an address by itself:
 *
 *     +-----------------+-------------------+-----------------------+---------------------+
 *     | low word of the | bytes that may be | what to add to a low  | bytes that may be   |
 *     | first address   | read              | word to get the place | written             |
 *     +-----------------+-------------------+-----------------------+---------------------+
 *
 * A row of zeroes allows nothing: whoever meets it asks the interpreter, which knows the reason.
 */
import { type Cells, cellCounts, type Heap } from '../heap.ts';
import { type Fill, makeFill } from './fill.ts';
import { PAGES_MAX } from './sections.ts';
import { type WasmMemory, webAssembly } from './web-assembly.ts';

const PAGE_BYTES = 65_536;
/** 2 MiB. */
const PAGES_MIN = 32;
const ALIGNMENT = 8;

/** Places of the cells. */
export const place = {
  low: 0x40,
  high: 0x80,
  places: 0xc0,
  loops: 0xe0,
  /** Where the bytes of the stack at work begin. */
  stack: 0xe4,
  cpu: 0xe8,
  isContextWritten: 0xec,
  /** Not 0 while the first program of a run begins. */
  isFirst: 0xf0,
  context: 0x100,
  calls: 0x400,
} as const;
/** Place of the region table. */
export const REGION_TABLE = 0x1000;
/** Regions beyond these are reached by the interpreter's steps only. */
export const REGION_ROWS = 0x8000;
/** Words of a row. */
export const ROW_WORDS = 4;

/** One for each machine. */
export class LinearHeap implements Heap {
  readonly memory: WasmMemory;
  readonly cells: Cells;
  /** The place of the stack at work. */
  readonly stackPlace: Int32Array;
  /** Not 0 while the first program of a run begins. */
  readonly isFirst: Int32Array;
  /** The rows of the region table. */
  readonly rows: Int32Array;
  /** Growing gives a new buffer over the same memory; views of the old ones stay valid. */
  private newest: ArrayBufferLike;
  private readonly buffers = new Set<ArrayBufferLike>();
  private readonly free = new Map<number, Uint8Array[]>();
  private readonly released: Uint8Array[] = [];
  private readonly fillMemory: Fill;
  private top = REGION_TABLE + REGION_ROWS * ROW_WORDS * 4;

  /** @throws Error where the host has no WebAssembly */
  constructor() {
    if (!webAssembly) throw new Error('linear heap: the host has no WebAssembly');
    const limits = { initial: PAGES_MIN, maximum: PAGES_MAX, shared: true };
    this.memory = new webAssembly.Memory(limits);
    const { buffer } = this.memory;
    this.newest = buffer;
    this.buffers.add(buffer);
    this.fillMemory = makeFill(this.memory);
    this.cells = {
      low: new Int32Array(buffer, place.low, cellCounts.low),
      high: new Int32Array(buffer, place.high, cellCounts.high),
      context: new Uint32Array(buffer, place.context, cellCounts.context),
      isContextWritten: new Int32Array(buffer, place.isContextWritten, 1),
      places: new Int32Array(buffer, place.places, cellCounts.places),
      loops: new Int32Array(buffer, place.loops, cellCounts.loops),
      calls: new Int32Array(buffer, place.calls, cellCounts.calls),
      cpu: new Int32Array(buffer, place.cpu, cellCounts.cpu),
    };
    this.stackPlace = new Int32Array(buffer, place.stack, 1);
    this.isFirst = new Int32Array(buffer, place.isFirst, 1);
    this.rows = new Int32Array(buffer, REGION_TABLE, REGION_ROWS * ROW_WORDS);
  }

  /** Whether generated code can reach these bytes. */
  holds(bytes: Uint8Array): boolean {
    const { buffer } = bytes;
    return buffer === this.newest || this.buffers.has(buffer);
  }

  allocate(size: number, content = 0): Uint8Array {
    const known = this.free.get(size)?.pop();
    const bytes = known ?? this.extend(size);
    if (known || content !== 0) this.fill(bytes, content);
    return bytes;
  }

  fill(bytes: Uint8Array, content: number): void {
    this.fillMemory(bytes.byteOffset, content, bytes.length);
  }

  private extend(size: number): Uint8Array {
    const begin = this.top;
    this.top = (begin + size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (this.top > this.memory.buffer.byteLength) this.grow();
    return new Uint8Array(this.memory.buffer, begin, size);
  }

  /** Doubles, so that it happens seldom. */
  private grow(): void {
    const pages = this.memory.buffer.byteLength / PAGE_BYTES;
    const needed = Math.ceil(this.top / PAGE_BYTES);
    if (needed > PAGES_MAX) {
      const mebibytes = (pages: number): number => (pages * PAGE_BYTES) / 2 ** 20;
      const detail = `${mebibytes(needed)} MiB needed, expected at most ${mebibytes(PAGES_MAX)}`;
      throw new RangeError(`machine memory: ${detail} (fewer map entries)`);
    }
    this.memory.grow(Math.max(needed, Math.min(pages * 2, PAGES_MAX)) - pages);
    this.newest = this.memory.buffer;
    this.buffers.add(this.newest);
  }

  release(bytes: Uint8Array): void {
    this.released.push(bytes);
  }

  reuse(bytes: Uint8Array): void {
    const known = this.free.get(bytes.length);
    if (known) known.push(bytes);
    else this.free.set(bytes.length, [bytes]);
  }

  collect(): void {
    for (let bytes = this.released.pop(); bytes; bytes = this.released.pop()) this.reuse(bytes);
  }
}
