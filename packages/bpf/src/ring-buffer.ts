/**
 * Reading a ring buffer: records come from programs on all CPUs, in the order in which they were
 * reserved, through memory that is shared with the kernel. No system call for a record.
 *
 *     page 0          page 1           data, twice behind each other
 *     +----------+    +----------+    +-----------------+-----------------+
 *     | consumer |    | producer |    | header | record | (same pages)    |
 *     +----------+    +----------+    +-----------------+-----------------+
 *      ours             kernel's        so that no record is ever in two parts
 *
 * What is lost when the ring is full is known to the program only, which counts it in a map.
 *
 * @source struct bpf_ringbuf, kernel/bpf/ringbuf.c; struct bpf_ringbuf_hdr
 */
import { Mapping, pageSize, type Watch, type WatchOptions, watchReadable } from '@skep/sys';
import { MapArgumentError } from './errors.ts';
import type { BpfMap } from './map.ts';

/** Header of a record: 4 bytes of length and two flags, 4 bytes that are the kernel's own. */
const HEADER_BYTES = 8;
const BUSY = 1 << 31;
const DISCARDED = 1 << 30;
const LENGTH_MASK = DISCARDED - 1;
const POSITION_MASK = (1n << 32n) - 1n;

/** What a reader has seen since it was made. */
export interface RingBufferCounts {
  readonly records: number;
  /** Records that programs reserved and gave up. */
  readonly discarded: number;
  /** Bytes of records, headers not counted. */
  readonly bytes: number;
  /** The most bytes that were waiting at once, of the ring's size: near it, records get lost. */
  readonly waitingBytesMax: number;
}

/** The one reader of a ring buffer. A second one would take records away from the first. */
export class RingBufferReader {
  readonly map: BpfMap;
  /** Size of the ring in bytes, a power of two. */
  readonly sizeBytes: number;
  readonly #consumer: Mapping;
  readonly #shared: Mapping;
  /** Where the records begin in what is shared: behind the producer's page. */
  readonly #dataOffset: number;
  /** Records are copied here, so that nobody holds memory that the kernel writes. */
  readonly #copy: Uint8Array;
  #watch: Watch | undefined;
  #records = 0;
  #discarded = 0;
  #bytes = 0;
  #waitingBytesMax = 0;

  /** @throws MapArgumentError for a map of another kind; KernelError */
  constructor(map: BpfMap) {
    const { kind, name, maxEntries } = map.shape;
    if (kind !== 'ringBuffer') throw new MapArgumentError(name, 'kind', kind, 'ringBuffer');
    this.map = map;
    this.sizeBytes = maxEntries;
    this.#copy = new Uint8Array(maxEntries);
    const page = pageSize();
    this.#dataOffset = page;
    this.#consumer = new Mapping(map.fd, page, { isWritable: true });
    try {
      this.#shared = new Mapping(map.fd, page + 2 * maxEntries, { offset: page });
    } catch (error) {
      this.#consumer.unmap();
      throw error;
    }
  }

  get counts(): RingBufferCounts {
    return {
      records: this.#records,
      discarded: this.#discarded,
      bytes: this.#bytes,
      waitingBytesMax: this.#waitingBytesMax,
    };
  }

  /** Bytes that wait to be read, headers and unfinished records included. */
  get waitingBytes(): number {
    return Number(this.#shared.loadU64(0) - this.#consumer.loadU64(0));
  }

  /**
   * Hands over all finished records, and frees their room before the first call.
   *
   * The bytes are a copy, overwritten by the next drain. When `onRecord` throws, the records behind
   * are still handed over, and the first error is thrown at the end.
   *
   * @returns how many records there were
   */
  drain(onRecord: (record: Uint8Array) => void): number {
    const start = this.#consumer.loadU64(0);
    const waiting = Number(this.#shared.loadU64(0) - start);
    if (waiting > this.#waitingBytesMax) this.#waitingBytesMax = waiting;
    const offset = Number(start & POSITION_MASK) & (this.sizeBytes - 1);
    const finished = this.#finishedBytes(offset, waiting);
    if (finished === 0) return 0;
    this.#shared.copy(this.#dataOffset + offset, finished, this.#copy);
    this.#consumer.storeU64(0, start + BigInt(finished));
    return this.#handOver(finished, onRecord);
  }

  /**
   * Drains whenever records are waiting, until {@link close} or an error. Keeps the process alive;
   * `unref` on the result lets it end.
   *
   * A program wakes the reader only where there was nothing to read, and pays for it: who rests
   * between two drains lets many records come for one waking.
   *
   * @param onError gets what `onRecord` throws; the watch has ended then
   */
  watch(
    onRecord: (record: Uint8Array) => void,
    onError: (error: unknown) => void,
    options: WatchOptions = {},
  ): Watch {
    if (this.#watch) throw new Error(`watch ring buffer ${this.map.name}: watched already`);
    const watch = watchReadable(this.map.fd, () => this.drain(onRecord), onError, options);
    this.#watch = watch;
    return watch;
  }

  /** Ends the watch and unmaps the ring; the map stays open. A second call does nothing. */
  close(): void {
    this.#watch?.close();
    this.#consumer.unmap();
    this.#shared.unmap();
  }

  /** Bytes from `offset` up to the first record that a program is still writing. */
  #finishedBytes(offset: number, waiting: number): number {
    let finished = 0;
    while (finished < waiting) {
      const header = this.#shared.loadU32(this.#dataOffset + offset + finished);
      if ((header & BUSY) !== 0) break;
      finished += recordBytes(header);
    }
    return finished;
  }

  #handOver(finished: number, onRecord: (record: Uint8Array) => void): number {
    const view = new DataView(this.#copy.buffer);
    const errors: unknown[] = [];
    let count = 0;
    for (let at = 0; at < finished; ) {
      const header = view.getUint32(at, true);
      const length = header & LENGTH_MASK;
      if ((header & DISCARDED) !== 0) {
        this.#discarded++;
      } else {
        count++;
        this.#bytes += length;
        const record = this.#copy.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
        try {
          onRecord(record);
        } catch (error) {
          errors.push(error);
        }
      }
      at += recordBytes(header);
    }
    this.#records += count;
    if (errors.length > 0) throw errors[0];
    return count;
  }
}

/** A record with its header, as both are laid out: in multiples of 8 bytes. */
function recordBytes(header: number): number {
  return Math.ceil(((header & LENGTH_MASK) + HEADER_BYTES) / 8) * 8;
}
