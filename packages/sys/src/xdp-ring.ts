/**
 * One of the four rings of an AF_XDP socket: a side produces, the other consumes, and each tells
 * how far it is by a counter of its own. Both counters only grow, and wrap at 32 bits.
 *
 * @source struct xsk_queue, net/xdp/xsk_queue.h
 */
import type { Fd } from './descriptor.ts';
import { Mapping, pageSize } from './mapping.ts';

/** Where a ring is mapped from, and where in it its parts are; in bytes. */
export interface RingPlace {
  readonly offset: number;
  readonly producer: number;
  readonly consumer: number;
  readonly slots: number;
  /** 8: an address. 16: an address and a length, `struct xdp_desc`. */
  readonly slotBytes: 8 | 16;
}

/** A chunk of the UMEM that holds a frame; both in bytes. */
export interface FramePlace {
  readonly address: bigint;
  readonly length: number;
}

/** What is pushed or popped is the other side's to see with `publish` or `release`. */
export class XdpRing {
  readonly #memory: Mapping;
  readonly #view: DataView;
  readonly #mask: number;
  /** Ours of the two counters; the other side's is read from memory. */
  #own = 0;

  /** @param size how many slots it has, a power of two */
  constructor(
    socket: Fd<'socket' | 'file'>,
    private readonly place: RingPlace,
    size: number,
  ) {
    const { offset, slots, slotBytes } = place;
    const unit = pageSize();
    const lengthBytes = Math.ceil((slots + size * slotBytes) / unit) * unit;
    this.#memory = new Mapping(socket, lengthBytes, { offset, isWritable: true });
    this.#view = new DataView(this.#memory.buffer);
    this.#mask = size - 1;
  }

  /** How many slots the kernel has filled and we have not read. */
  waiting(): number {
    return (this.#memory.loadU32(this.place.producer) - this.#own) >>> 0;
  }

  pushAddress(address: bigint): void {
    this.#view.setBigUint64(this.#next(), address, true);
  }

  pushFrame({ address, length }: FramePlace): void {
    const at = this.#next();
    this.#view.setBigUint64(at, address, true);
    this.#view.setUint32(at + 8, length, true);
    this.#view.setUint32(at + 12, 0, true);
  }

  popAddress(): bigint {
    return this.#view.getBigUint64(this.#next(), true);
  }

  popFrame(): FramePlace {
    const at = this.#next();
    const address = this.#view.getBigUint64(at, true);
    return { address, length: this.#view.getUint32(at + 8, true) };
  }

  /** Lets the kernel see what was pushed. */
  publish(): void {
    this.#memory.storeU32(this.place.producer, this.#own);
  }

  /** Lets the kernel fill again what was popped. */
  release(): void {
    this.#memory.storeU32(this.place.consumer, this.#own);
  }

  close(): void {
    this.#memory.unmap();
  }

  #next(): number {
    const at = this.place.slots + (this.#own & this.#mask) * this.place.slotBytes;
    this.#own = (this.#own + 1) >>> 0;
    return at;
  }
}
