/**
 * Whole frames that an XDP program hands to this process, past the kernel's stack, and frames that
 * leave the same way. They lie in memory that both sides see, the UMEM, in chunks of one frame;
 * four rings say whose a chunk is:
 *
 *     receiving   fill: free chunks, ours to give   ──► receive: chunks that hold a frame
 *     sending     send: chunks that hold a frame    ──► completion: chunks that are free again
 *
 * The first half of the chunks is for receiving, the second for sending.
 *
 * @source Documentation/networking/af_xdp.rst, include/uapi/linux/if_xdp.h, net/xdp/xsk.c
 */
import { Errno } from './abi/errno.ts';
import { AddressFamily, MessageFlag, SocketLevel, SocketType } from './abi/socket.ts';
import { XdpBindFlag, XdpOption, XdpRingOffset } from './abi/xdp-socket.ts';
import type { Fd } from './descriptor.ts';
import { addressOf, syscallResult } from './door.ts';
import { checkInteger, checkU32 } from './integers.ts';
import { KernelError } from './kernel-error.ts';
import { pageSize } from './mapping.ts';
import { bindSocket, getSocketOption, openSocket, setSocketOption } from './socket.ts';
import { type RingPlace, XdpRing } from './xdp-ring.ts';

/** A chunk; the kernel keeps the first 256 bytes of one that it fills. */
const CHUNK_BYTES = 4096;
/** @source XDP_PACKET_HEADROOM, include/uapi/linux/bpf.h */
const HEADROOM_BYTES = 256;

/** The longest frame that such a socket receives; the kernel drops and counts longer ones. */
export const XDP_FRAME_BYTES_MAX = CHUNK_BYTES - HEADROOM_BYTES;

/** How {@link XdpSocket} is opened. */
export interface XdpSocketOptions {
  readonly interfaceIndex: number;
  /** Receive queue of the interface. Default: the first. */
  readonly queue?: number;
  /** How many frames may wait in each direction, a power of two. Default: 256. */
  readonly frames?: number;
}

type Rings = Readonly<Record<'fill' | 'receive' | 'send' | 'completion', XdpRing>>;

/** What the kernel counted since the socket was opened, in frames. */
export interface XdpSocketCounts {
  /** Too long, or came while no chunk was free. */
  readonly dropped: number;
  /** Came while the receive ring was full. */
  readonly refused: number;
}

/**
 * An AF_XDP socket at one receive queue. Frames come as soon as it is in the `XskMap` of a program
 * that redirects to it; copy mode, so every driver will do.
 *
 * @since Linux 5.4
 */
export class XdpSocket {
  readonly fd: Fd<'socket'>;
  readonly #frames: number;
  readonly #memory: Uint8Array;
  readonly #rings: Rings;
  /** Chunks that may be written for sending. */
  readonly #free: bigint[] = [];

  /** In the calling thread's network namespace. @throws KernelError; RangeError for bad options */
  constructor({ interfaceIndex, queue = 0, frames = 256 }: XdpSocketOptions) {
    this.#frames = checkFrames(frames);
    this.#memory = alignedMemory(2 * frames * CHUNK_BYTES);
    this.fd = openSocket(AddressFamily.XDP, SocketType.RAW | SocketType.NONBLOCK);
    try {
      this.#register();
      this.#rings = this.#openRings();
      bindSocket(this.fd, xdpAddress(interfaceIndex, queue));
    } catch (error) {
      this.fd.close();
      throw error;
    }
    for (let chunk = 0; chunk < frames; chunk++) {
      this.#rings.fill.pushAddress(BigInt(chunk * CHUNK_BYTES));
      this.#free.push(BigInt((frames + chunk) * CHUNK_BYTES));
    }
    this.#rings.fill.publish();
  }

  /**
   * Hands over the frames that have come, from their link headers on. The bytes are the shared
   * memory itself: the kernel writes there again when the call has returned.
   *
   * @returns how many there were
   */
  receive(onFrame: (frame: Uint8Array) => void): number {
    const { receive, fill } = this.#rings;
    const count = receive.waiting();
    try {
      for (let each = 0; each < count; each++) {
        const { address, length } = receive.popFrame();
        fill.pushAddress(address - (address % BigInt(CHUNK_BYTES)));
        onFrame(this.#memory.subarray(Number(address), Number(address) + length));
      }
    } finally {
      receive.release();
      fill.publish();
    }
    return count;
  }

  /**
   * Sends one frame, from its link header on.
   *
   * @returns false where all chunks for sending are still on their way: try again later
   * @throws RangeError for a frame that no chunk holds; KernelError
   */
  send(frame: Uint8Array): boolean {
    checkInteger(frame.length, 'frame length', 1, CHUNK_BYTES);
    this.#reclaim();
    const address = this.#free.pop();
    if (address === undefined) return false;
    this.#memory.set(frame, Number(address));
    this.#rings.send.pushFrame({ address, length: frame.length });
    this.#rings.send.publish();
    this.#kick();
    return true;
  }

  /** What the kernel could not hand over; no frame counts twice. @throws KernelError */
  counts(): XdpSocketCounts {
    const bytes = getSocketOption(this.fd, SocketLevel.XDP, XdpOption.STATISTICS, 48);
    const view = new DataView(bytes.buffer);
    const count = (offset: number): number => Number(view.getBigUint64(offset, true));
    return { dropped: count(0), refused: count(24) };
  }

  /** Closes the socket, which leaves every map. A second call does nothing. */
  close(): void {
    if (this.fd.isClosed) return;
    for (const ring of Object.values(this.#rings)) ring.close();
    this.fd.close();
  }

  /** @source struct xdp_umem_reg_v1, which every kernel still takes */
  #register(): void {
    const bytes = new Uint8Array(24);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, addressOf(this.#memory), true);
    view.setBigUint64(8, BigInt(this.#memory.length), true);
    view.setUint32(16, CHUNK_BYTES, true);
    setSocketOption(this.fd, SocketLevel.XDP, XdpOption.UMEM_REG, bytes);
  }

  /** @source struct xdp_mmap_offsets: a place of 4 times 8 bytes for each ring */
  #openRings(): Rings {
    const sizes = ['UMEM_FILL_RING', 'UMEM_COMPLETION_RING', 'RX_RING', 'TX_RING'] as const;
    for (const size of sizes) {
      setSocketOption(this.fd, SocketLevel.XDP, XdpOption[size], this.#frames);
    }
    const offsets = getSocketOption(this.fd, SocketLevel.XDP, XdpOption.MMAP_OFFSETS, 128);
    const open = (offset: number, index: number, slotBytes: 8 | 16): XdpRing => {
      return new XdpRing(this.fd, { offset, slotBytes, ...placeAt(offsets, index) }, this.#frames);
    };
    return {
      receive: open(XdpRingOffset.RECEIVE, 0, 16),
      send: open(XdpRingOffset.SEND, 1, 16),
      fill: open(XdpRingOffset.FILL, 2, 8),
      completion: open(XdpRingOffset.COMPLETION, 3, 8),
    };
  }

  #reclaim(): void {
    const { completion } = this.#rings;
    for (let left = completion.waiting(); left > 0; left--) {
      this.#free.push(completion.popAddress());
    }
    completion.release();
  }

  /** In copy mode the kernel sends what the ring holds within this call. */
  #kick(): void {
    const flags = MessageFlag.DONTWAIT;
    const result = Number(syscallResult('sendto', this.fd.number, null, 0, flags, null, 0));
    if (result >= 0 || isPassing(-result)) return;
    throw new KernelError('send on AF_XDP socket', -result);
  }
}

/** The frame stays in its ring, and the next call sends it. */
function isPassing(errno: number): boolean {
  return errno === Errno.EAGAIN || errno === Errno.EBUSY || errno === Errno.ENOBUFS;
}

function checkFrames(frames: number): number {
  checkInteger(frames, 'frames', 1, 1 << 20);
  if ((frames & (frames - 1)) === 0) return frames;
  throw new RangeError(`frames ${frames}: expected a power of two`);
}

/** Memory that begins with a page, as the kernel wants it. */
function alignedMemory(lengthBytes: number): Uint8Array {
  const unit = pageSize();
  const buffer = new ArrayBuffer(lengthBytes + unit);
  const start = Number(addressOf(new Uint8Array(buffer)) % BigInt(unit));
  return new Uint8Array(buffer, start === 0 ? 0 : unit - start, lengthBytes);
}

/** @source struct xdp_ring_offset */
function placeAt(
  offsets: Uint8Array,
  index: number,
): Pick<RingPlace, 'producer' | 'consumer' | 'slots'> {
  const view = new DataView(offsets.buffer, offsets.byteOffset + index * 32);
  const [producer, consumer, slots] = [0, 8, 16].map((at) => Number(view.getBigUint64(at, true)));
  return { producer: producer!, consumer: consumer!, slots: slots! };
}

/** `struct sockaddr_xdp` as bytes. */
function xdpAddress(interfaceIndex: number, queue: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AddressFamily.XDP, true);
  view.setUint16(2, XdpBindFlag.COPY, true);
  view.setUint32(4, checkU32(interfaceIndex, 'interface index'), true);
  view.setUint32(8, checkU32(queue, 'receive queue'), true);
  return bytes;
}
