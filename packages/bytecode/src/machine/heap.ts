/**
 * Where a machine keeps bytes: those of regions, and the cells that a run is made of.
 *
 * Interpreted programs are served by arrays that lie anywhere; generated code needs all of it in
 * one memory (`generated/linear-heap.ts`).
 */

/** What a run is made of, in words of 32 bits. One run at a time uses them. */
export interface Cells {
  /** r0 to r10, low words. */
  readonly low: Int32Array;
  /** r0 to r10, high words. */
  readonly high: Int32Array;
  /** Fields of the context, by their offset. */
  readonly context: Uint32Array;
  /** Not 0 when the program has written to a field. */
  readonly isContextWritten: Int32Array;
  /** Addresses of the packet, low and high word each: data, its end, its metadata. */
  readonly places: Int32Array;
  /** How often `may_goto` still goes on. */
  readonly loops: Int32Array;
  /** How often each helper was called, by its number. */
  readonly calls: Int32Array;
  /** The number of the CPU that the run is on. */
  readonly cpu: Int32Array;
}

/** Words of each kind of cell. */
export const cellCounts = {
  ...{ low: 11, high: 11, context: 48, places: 6, loops: 1, calls: 256, cpu: 1 },
  isContextWritten: 1,
} as const;

/** Gives and takes back memory. */
export interface Heap {
  readonly cells: Cells;
  /** Bytes that are all `content`. */
  allocate(size: number, content?: number): Uint8Array;
  /** Makes all of them `content`. */
  fill(bytes: Uint8Array, content: number): void;
  /** Bytes of `allocate` that no region needs after the present run. */
  release(bytes: Uint8Array): void;
  /** Bytes of `allocate` that nothing can reach any more. */
  reuse(bytes: Uint8Array): void;
  /** Called before each run: what was released may now be given to others. */
  collect(): void;
}

/** Arrays of their own, left to JavaScript to collect. */
export class ScatteredHeap implements Heap {
  readonly cells: Cells = {
    low: new Int32Array(cellCounts.low),
    high: new Int32Array(cellCounts.high),
    context: new Uint32Array(cellCounts.context),
    isContextWritten: new Int32Array(cellCounts.isContextWritten),
    places: new Int32Array(cellCounts.places),
    loops: new Int32Array(cellCounts.loops),
    calls: new Int32Array(cellCounts.calls),
    cpu: new Int32Array(cellCounts.cpu),
  };

  allocate(size: number, content = 0): Uint8Array {
    return content === 0 ? new Uint8Array(size) : new Uint8Array(size).fill(content);
  }

  fill(bytes: Uint8Array, content: number): void {
    bytes.fill(content);
  }

  release(): void {}

  reuse(): void {}

  collect(): void {}
}
