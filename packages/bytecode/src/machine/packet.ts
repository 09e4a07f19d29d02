/**
 * The packet of one run, with room around it.
 *
 *     | headroom | metadata | linear part | paged part | tailroom |
 *     0          meta       data          linearEnd    end        buffer.length
 *
 * A program reaches metadata and linear part directly; the paged part (TC only) through helpers.
 */
import type { Heap } from './heap.ts';
import { type Memory, ORIGIN, Region } from './memory.ts';

/** As the kernel's XDP_PACKET_HEADROOM; the first bytes are kept for `struct xdp_frame`. */
export const HEADROOM = 256;
const FRAME_RECORD = 40;
const TAILROOM = 320;
/** What most packets need. */
const BUFFER_BYTES = 2304;
/** Beyond that, the host copies all bytes faster than words one by one. */
const WORDWISE_MAX = 256;

/** One for each machine: each run fills it with a copy of its bytes. */
export class Packet {
  private buffer!: Uint8Array;
  private bufferWords!: Int32Array;
  private meta = HEADROOM;
  private data = HEADROOM;
  private linearEnd = HEADROOM;
  private end = HEADROOM;
  /** Bytes of the buffer that the packet may take. */
  private room = 0;
  /** Bytes outside of it may not be zero. */
  private isMoved = false;
  /** What the program's packet pointers point into, until the packet moves. */
  private region: Region;
  private readonly heap: Heap;

  constructor(private readonly memory: Memory) {
    this.heap = memory.heap;
    this.keep(this.heap.allocate(BUFFER_BYTES));
    this.region = new Region('packet', 'packet', this.buffer, 0, 0);
  }

  private keep(buffer: Uint8Array): void {
    this.buffer = buffer;
    this.bufferWords = new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length >> 2);
  }

  /** Begins a run with these bytes; all around them is zero. */
  begin(bytes: Uint8Array, linearBytes: number | undefined): void {
    const { length } = bytes;
    const end = HEADROOM + length;
    this.room = end + TAILROOM;
    if (this.room > this.buffer.length) {
      this.heap.release(this.buffer);
      this.keep(this.heap.allocate(roundedSize(this.room)));
    } else if (this.isMoved) {
      this.heap.fill(this.buffer, 0);
    } else {
      for (let at = end; at < this.end; at++) this.buffer[at] = 0;
    }
    this.isMoved = false;
    const { buffer } = this;
    buffer.set(bytes, HEADROOM);
    this.meta = HEADROOM;
    this.data = HEADROOM;
    this.end = end;
    this.linearEnd = HEADROOM + Math.min(linearBytes ?? length, length);
    this.beginTurn();
  }

  /** Begins a run with what the last one left. */
  beginTurn(): void {
    this.memory.begin(this.isSettled() ? this.region : undefined);
    this.attach();
  }

  /** Whether the region is that of the packet as it is. */
  private isSettled(): boolean {
    const { region } = this;
    return (
      region.begin === this.meta &&
      region.end === this.linearEnd &&
      region.bytes === this.buffer &&
      region.goneBecause === ''
    );
  }

  private attach(): void {
    if (!this.isSettled()) this.region = this.makeRegion();
    const high = this.memory.attach(this.region);
    const { places } = this.heap.cells;
    places[1] = high;
    places[3] = high;
    places[5] = high;
    this.noteEnds();
  }

  private makeRegion(): Region {
    return new Region('packet', 'packet', this.buffer, this.meta, this.linearEnd);
  }

  /** What loads of the context's packet fields give. */
  private noteEnds(): void {
    const { places } = this.heap.cells;
    places[0] = ORIGIN + this.data;
    places[2] = ORIGIN + this.linearEnd;
    places[4] = ORIGIN + this.meta;
  }

  /** Makes all pointers taken so far unusable, as the verifier does. */
  moved(helper: string): void {
    this.region.revoke(`the pointer was taken before ${helper}, which moves the packet`);
    this.isMoved = true;
    this.attach();
  }

  get length(): number {
    return this.end - this.data;
  }

  get linearBytes(): number {
    return this.linearEnd - this.data;
  }

  get metadataBytes(): number {
    return this.data - this.meta;
  }

  /** The bytes themselves from `offset`, paged ones included; `undefined` where it ends before. */
  slice(offset: number, size: number): Uint8Array | undefined {
    if (offset < 0 || size < 0 || offset + size > this.length) return undefined;
    return this.buffer.subarray(this.data + offset, this.data + offset + size);
  }

  /** A copy of the whole packet. */
  copy(): Uint8Array {
    return this.buffer.slice(this.data, this.end);
  }

  /** How many words to copy are cheaper than all bytes; 0 where they are not. */
  get words(): number {
    const { length } = this;
    return length > WORDWISE_MAX || (this.data & 3) !== 0 ? 0 : (length + 3) >> 2;
  }

  /** Copies the packet's first words to a place in a list. */
  copyWords(target: number[], at: number, count: number): void {
    const { bufferWords } = this;
    const from = this.data >> 2;
    for (let word = 0; word < count; word++) target[at + word] = bufferWords[from + word]!;
  }

  /** Makes at least `size` bytes directly reachable; false when there are not as many. */
  pull(size: number): boolean {
    if (size > this.length) return false;
    this.linearEnd = Math.max(this.linearEnd, this.data + size);
    this.noteEnds();
    return true;
  }

  /** Moves the start by `delta` bytes, the metadata with it; false when there is no room. */
  moveHead(delta: number): boolean {
    const data = this.data + delta;
    const meta = this.meta + delta;
    if (meta < FRAME_RECORD || data > this.end - 14) return false;
    if (this.metadataBytes > 0) this.buffer.copyWithin(meta, this.meta, this.data);
    this.data = data;
    this.meta = meta;
    return true;
  }

  /** Moves the start of the metadata; false beyond the packet's start or the headroom. */
  moveMeta(delta: number): boolean {
    const meta = this.meta + delta;
    if (meta > this.data || meta < FRAME_RECORD) return false;
    this.meta = meta;
    return true;
  }

  /** Moves the end by `delta` bytes, within the tailroom; new bytes are zero. */
  moveTail(delta: number): boolean {
    const end = this.end + delta;
    if (end > this.room || end < this.data + 14) return false;
    this.setEnd(end);
    return true;
  }

  /** Any length, with a new buffer when there is no room. */
  resize(length: number): void {
    const end = this.data + length;
    if (end > this.room) {
      this.room = end + TAILROOM;
      const larger = this.heap.allocate(roundedSize(this.room));
      larger.set(this.buffer.subarray(0, larger.length));
      this.heap.release(this.buffer);
      this.keep(larger);
    }
    this.setEnd(end);
  }

  private setEnd(end: number): void {
    if (end > this.end) this.buffer.fill(0, this.end, end);
    const wasLinear = this.linearEnd === this.end;
    this.end = end;
    this.linearEnd = wasLinear ? end : Math.min(this.linearEnd, end);
  }
}

/** Few different sizes, so that buffers can be used again. */
function roundedSize(size: number): number {
  return (size + 255) & ~255;
}
